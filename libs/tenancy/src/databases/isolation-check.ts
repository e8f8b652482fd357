import type pg from 'pg';

/**
 * What keeps tenants apart in a database, read from its catalogue.
 * @param client a superuser's connection to the database.
 * @param loginRole the role that the data plane uses there.
 * @returns a sentence for each thing that is not as it must be; empty if all is well.
 */
export async function isolationFlaws(client: pg.ClientBase, loginRole: string): Promise<string[]> {
  const { rows: tables } = await client.query<{ name: string; flaw: string }>(
    `select c.relname as name, case
         when not c.relrowsecurity then 'has no row-level security'
         when not c.relforcerowsecurity then 'does not force row-level security on its owner'
         when pg_get_userbyid(c.relowner) = $1 then 'is owned by the role of the data plane'
         when not exists (select 1 from pg_policy p where p.polrelid = c.oid) then 'has no policy'
         when not exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary
           and (select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum = i.indkey[0]) = 'tenant_id')
           then 'has a primary key that does not begin with tenant_id'
       end as flaw
     from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and c.relname not in ('schema_migration', 'release_migration')`,
    [loginRole],
  );
  const flaws = tables.filter(({ flaw }) => flaw).map(({ name, flaw }) => `Table ${name} ${flaw}.`);
  const { rows: views } = await client.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
       and not (relkind = 'v' and coalesce(reloptions, '{}') && array['security_invoker=true', 'security_invoker=on'])`,
  );
  flaws.push(...views.map(({ name }) => `View ${name} reads with the rights of its owner.`));
  const { rows: roles } = await client.query<{ rolname: string }>(
    `select rolname from pg_roles where rolname = $1 and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole)`,
    [loginRole],
  );
  flaws.push(...roles.map(({ rolname }) => `Role ${rolname} has more rights than it may have.`));
  const { rows: guests } = await client.query<{ rolname: string }>(
    // The login of a move streams one tenant's changes and reads no table; it goes when the move ends.
    `select rolname from pg_roles where rolcanlogin and not rolsuper and rolname <> $1
       and rolname !~ '^tierdeck_(move|back)_[0-9a-f]{12}$' and has_database_privilege(rolname, current_database(), 'CONNECT')`,
    [loginRole],
  );
  flaws.push(...guests.map(({ rolname }) => `Role ${rolname} may connect to the database.`));
  return flaws;
}
