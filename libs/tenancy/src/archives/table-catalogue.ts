import pg from 'pg';
import { tenantTables } from '../databases/tenant-rows.js';
import { TableNotArchivableError } from './archive.errors.js';

/** A table with tenants' rows and its columns that travel: all but tenant_id and what the database computes. */
export interface TableShape {
  name: string;
  columns: string[];
}

/** Tables that say where a tenant is at home, not what it has: they stay where they are. */
const notData = new Set(['tenant_home', 'move_marker', 'worker_assignment']);

/**
 * Every table that holds tenants' rows, from the catalogue, those first that others refer to: rows can be inserted in
 * this order.
 * @throws TableNotArchivableError for one that cannot be filled by tenant.
 */
export async function archivableTables(client: pg.ClientBase): Promise<TableShape[]> {
  const names = (await tenantTables(client)).filter((name) => !notData.has(name)).toReversed();
  const { rows } = await client.query<{ name: string; columns: string[]; tenant_default: string | null }>(
    `select c.relname as name,
       coalesce(array_agg(a.attname::text order by a.attnum)
         filter (where a.attname <> 'tenant_id' and a.attgenerated = ''), '{}') as columns,
       max(pg_get_expr(d.adbin, d.adrelid)) filter (where a.attname = 'tenant_id') as tenant_default
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1)
     group by c.relname`,
    [names],
  );
  const shapes = new Map(rows.map((row) => [row.name, row]));
  return names.map((name) => {
    const shape = shapes.get(name);
    if (!shape || shape.columns.length === 0)
      throw new TableNotArchivableError(name, 'has no column but tenant_id');
    if (!shape.tenant_default?.includes('tierdeck.tenant_id')) {
      throw new TableNotArchivableError(name, 'does not take its tenant_id from the tenant that is set');
    }
    return { name, columns: shape.columns };
  });
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => pg.escapeIdentifier(name)).join(', ');
}

/** Text of values that does not depend on the settings of server or role. Of the transaction only. */
export async function fixTextForm(client: pg.ClientBase): Promise<void> {
  await client.query(
    `set local timezone = 'UTC'; set local datestyle = 'ISO, MDY'; set local intervalstyle = 'postgres';
     set local extra_float_digits = 1; set local bytea_output = 'hex'; set local xmloption = 'content';
     set local statement_timeout = 0; set local jit = off; set local idle_in_transaction_session_timeout = 0`,
  );
}

/** Rows of a tenant in one table and a checksum that their order does not change. */
export interface TableSum {
  rows: number;
  checksum: string;
}

/**
 * Sums of two 64-bit hashes of each row's text, without tenant_id: rows that were restored under another tenant give
 * the same. `offset 0` keeps the planner from making each row's text twice. Meant against loss and mistakes; against malice there are the archive's tags and SHA-256.
 * @param client in a transaction with {@link fixTextForm}, not bound by row-level security.
 */
export async function sumTable(
  client: pg.ClientBase,
  tenantId: string,
  table: TableShape,
): Promise<TableSum> {
  const { rows } = await client.query<{ rows: string; checksum: string }>(
    `select count(*) as rows, coalesce(sum(hashtextextended(r, 0)::numeric), 0) || ':' ||
       coalesce(sum(hashtextextended(r, 7415)::numeric), 0) as checksum
     from (select row(${quoted(table.columns)})::text as r from ${quoted([table.name])} where tenant_id = $1 offset 0) t`,
    [tenantId],
  );
  return { rows: Number(rows[0]?.rows), checksum: rows[0]?.checksum ?? '0:0' };
}

/** What stands in the ledger of the database, in the order of application. */
export async function appliedMigrations(
  client: pg.ClientBase,
): Promise<{ name: string; checksum: string }[]> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from schema_migration order by name',
  );
  return rows;
}
