import type pg from 'pg';

/** What a database's catalogue tells of the walls between tenants. */
export interface Isolation {
  /** A sentence for each thing that is not as it must be; empty if all is well. */
  flaws: string[];
  /** Tables that hold tenants' rows. */
  tables: string[];
}

/** One query: the round trips would cost more than what they read. $1 is the role of the data plane. */
const inspection = `
  select 'TABLE' as kind, c.relname::text as name, case
      when not c.relrowsecurity then 'has no row-level security'
      when not c.relforcerowsecurity then 'does not force row-level security on its owner'
      when pg_get_userbyid(c.relowner) = $1 then 'is owned by the role of the data plane'
      when not exists (select 1 from pg_policy p where p.polrelid = c.oid) then 'has no policy'
      when not exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary
        and (select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum = i.indkey[0]) = 'tenant_id')
        then 'has a primary key that does not begin with tenant_id'
    end as flaw,
    exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as of_tenants
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and c.relname not in ('schema_migration', 'release_migration')
  union all
  select 'VIEW', relname, 'reads with the rights of its owner', false
  from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
    and not (relkind = 'v' and coalesce(reloptions, '{}') && array['security_invoker=true', 'security_invoker=on'])
  union all
  select 'ROLE', rolname, 'has more rights than it may have', false
  from pg_roles where rolname = $1 and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole)
  union all
  -- The login of a move streams one tenant's changes and reads no table; it goes when the move ends.
  select 'ROLE', rolname, 'may connect to the database', false
  from pg_roles where rolcanlogin and not rolsuper and rolname <> $1
    and rolname !~ '^tierdeck_(move|back)_[0-9a-f]{12}$' and has_database_privilege(rolname, current_database(), 'CONNECT')`;

const nouns = { TABLE: 'Table', VIEW: 'View', ROLE: 'Role' };

/**
 * Reads what keeps tenants apart in a database.
 * @param client a superuser's connection to the database.
 * @param loginRole the role that the data plane uses there.
 */
export async function inspectIsolation(client: pg.ClientBase, loginRole: string): Promise<Isolation> {
  const { rows } = await client.query<{
    kind: keyof typeof nouns;
    name: string;
    flaw: string | null;
    of_tenants: boolean;
  }>(inspection, [loginRole]);
  return {
    flaws: rows.filter(({ flaw }) => flaw).map(({ kind, name, flaw }) => `${nouns[kind]} ${name} ${flaw}.`),
    tables: rows.filter(({ of_tenants }) => of_tenants).map(({ name }) => name),
  };
}

/** @returns the flaws that {@link inspectIsolation} finds. */
export async function isolationFlaws(client: pg.ClientBase, loginRole: string): Promise<string[]> {
  return (await inspectIsolation(client, loginRole)).flaws;
}
