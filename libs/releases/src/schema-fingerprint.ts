import type { ClientBase } from 'pg';

/**
 * A hash of everything in schema public that a migration can change: columns, constraints, indexes, policies,
 * triggers, functions and grants. The ledger of migrations itself does not count.
 */
export async function schemaFingerprint(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ fingerprint: string }>(`
    with tables as (
      select c.oid, c.relname, c.relkind, c.relacl, c.relrowsecurity, c.relforcerowsecurity, c.relowner
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
        and c.relname not in ('schema_migration', 'release_migration')),
    facts as (
      select format('table %s %s %s %s %s %s', relname, relkind, relacl, relrowsecurity, relforcerowsecurity,
        relowner::regrole) as fact from tables
      union all
      select format('column %s.%s %s %s %s %s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attacl)
      from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      union all
      select format('constraint %s %s %s', t.relname, c.conname, pg_get_constraintdef(c.oid))
      from tables t join pg_constraint c on c.conrelid = t.oid
      union all
      select format('index %s', pg_get_indexdef(i.indexrelid)) from tables t join pg_index i on i.indrelid = t.oid
      union all
      select format('policy %s %s %s %s %s %s', tablename, policyname, cmd, roles, qual, with_check)
      from pg_policies where schemaname = 'public'
      union all
      select format('trigger %s', pg_get_triggerdef(g.oid)) from tables t join pg_trigger g on g.tgrelid = t.oid
      where not g.tgisinternal
      union all
      select format('function %s', pg_get_functiondef(p.oid)) from pg_proc p
      where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p'))
    select md5(string_agg(fact, E'\\n' order by fact)) as fingerprint from facts`);
  return rows[0]?.fingerprint ?? '';
}
