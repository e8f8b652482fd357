import type pg from 'pg';

/** A table of the distribution database that holds tenants' rows. */
export interface MovedTable {
  name: string;
  /** Without generated ones, in the order of their names: the order in the table may differ between databases. */
  columns: string[];
}

/** What belongs to a database and not to a tenant, or is about the move itself. */
const ownTables = ['schema_migration', 'release_migration', 'tenant_home', 'move_marker'];

/** Tables whose rows move with a tenant, read from the catalogue. */
export async function movedTables(client: pg.ClientBase): Promise<MovedTable[]> {
  const { rows } = await client.query<MovedTable>(
    `select c.relname as name, array_agg(a.attname::text order by a.attname) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       and a.attgenerated = ''
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> all($1)
     group by c.relname order by c.relname`,
    [ownTables],
  );
  return rows;
}

/** Why the tables of a database cannot move; a sentence each. */
export async function tableFlaws(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string; flaw: string | null }>(
    `select c.relname as name, case
         when not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'
           and not a.attisdropped) then 'has no column tenant_id'
         when not exists (select from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
           where i.indrelid = c.oid and i.indisprimary and a.attname = 'tenant_id')
           then 'has no primary key with tenant_id in it'
         when exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and not i.indimmediate)
           then 'has a deferrable primary key'
         when c.relreplident not in ('d', 'f') then 'does not tell replication its primary key'
         when c.relpersistence <> 'p' then 'is unlogged'
       end as flaw
     from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> all($1) order by c.relname`,
    [ownTables],
  );
  return rows
    .filter(({ flaw }) => flaw)
    .map(({ name, flaw }) => `Table ${name} ${flaw}: its rows cannot be moved.`);
}

/** Puts the fence on tables that a release made after it came; a lock that is not to be had soon is an error. */
export async function ensureFences(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I', c.relname) as name from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> all($1)
       and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'tierdeck_fence')`,
    [ownTables],
  );
  for (const { name } of rows) {
    await client
      .query(
        `begin; set local lock_timeout = '2s';
       create trigger tierdeck_fence before insert or update or delete on ${name}
         for each statement execute function tierdeck_fence();
       commit`,
      )
      .catch(async (error: unknown) => {
        await client.query('rollback');
        throw error;
      });
  }
}

/** Migrations in the order in which this database got them, by name. */
export async function appliedMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('select name from schema_migration order by name');
  return rows.map(({ name }) => name);
}
