import type pg from 'pg';

/**
 * Tables that hold tenants' rows, those that are referred to last: rows can be deleted in this order.
 * Derived from the catalogue, so that a table of a later migration is not forgotten.
 */
export async function tenantTables(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string; refers_to: string[] }>(
    `select c.relname as name,
       array(select distinct r.relname::text from pg_constraint f join pg_class r on r.oid = f.confrelid
             where f.conrelid = c.oid and f.contype = 'f' and r.oid <> c.oid) as refers_to
     from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
     order by c.relname`,
  );
  const ordered: string[] = [];
  let left = rows;
  while (left.length > 0) {
    const referred = new Set(left.flatMap(({ refers_to }) => refers_to));
    const free = left.filter(({ name }) => !referred.has(name));
    // In a circle of references any order is as good: the deletion then fails with the constraint's name.
    const next = free.length > 0 ? free : left;
    ordered.push(...next.map(({ name }) => name));
    left = left.filter((row) => !next.includes(row));
  }
  return ordered;
}

/**
 * Rows of one tenant in each table; the connection is not bound by row-level security.
 * @param known the tables, if they have been read already.
 */
export async function countRows(
  client: pg.ClientBase,
  tenantId: string,
  known?: readonly string[],
): Promise<Record<string, number>> {
  const tables = known ?? (await tenantTables(client));
  if (tables.length === 0) return {};
  const { rows } = await client.query<{ name: string; count: string }>(
    tables
      .map((name) => `select '${name}' as name, count(*) as count from "${name}" where tenant_id = $1`)
      .join(' union all '),
    [tenantId],
  );
  return Object.fromEntries(rows.map(({ name, count }) => [name, Number(count)]));
}

export function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
