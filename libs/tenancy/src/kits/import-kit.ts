import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { StepProgress } from '#operations';
import type { CsvBatch } from './csv-batches.js';
import type { Kit, KitFile } from './kit.js';
import { KitInvalidError } from './kit-invalid.error.js';
import { kitBatches } from './read-kit.js';

export interface KitImportOptions {
  tenantId: string;
  /** As {@link readKit} found it good. */
  kit: Kit;
  /** Told after each batch of rows, over all files. What it throws ends the import; finished files stay. */
  onProgress?: (progress: StepProgress) => void | Promise<void>;
  /** Imports no more than this many lines of order history, for tests and small machines. */
  maxHistoryRows?: number | undefined;
}

/** A file of the kit with the rows that shall be in. */
interface WantedFile extends KitFile {
  wanted: number;
}

/**
 * Brings the rows of a kit into a tenant's tables, one transaction a file. A ledger line in the same transaction says
 * that the file is in, so an import that was cut off goes on with the next file, and a repeat changes nothing.
 * Rows are written as the service role under row-level security: a kit can reach no other tenant.
 * @param client administrator or service of the tenant's database, outside a transaction
 * @returns rows by table that the kit has brought, now or before
 * @throws KitInvalidError if a value does not fit its column or breaks a rule of the schema
 */
export async function importKit(
  client: pg.ClientBase,
  { tenantId, kit, onProgress, maxHistoryRows = Infinity }: KitImportOptions,
): Promise<Record<string, number>> {
  const files: WantedFile[] = kit.files.map((file) => ({
    ...file,
    wanted: file.table === 'order_history_line' ? Math.min(file.rows, maxHistoryRows) : file.rows,
  }));
  const total = files.reduce((sum, file) => sum + file.wanted, 0);
  let done = 0;
  const tell = async (rows: number, table: string): Promise<void> => {
    done += rows;
    await onProgress?.({ done, total, unit: 'rows', message: table });
  };
  for (const file of files) {
    await inTransaction(client, tenantId, () =>
      importFile(client, kit, file, (rows) => tell(rows, file.table)),
    );
  }
  // A planner without statistics would scan the new rows until autovacuum comes by.
  await client.query(`analyze ${[...new Set(files.map((file) => file.table))].join(', ')}`);
  return Object.fromEntries(files.map((file) => [file.table, file.wanted]));
}

async function inTransaction(
  client: pg.ClientBase,
  tenantId: string,
  work: () => Promise<void>,
): Promise<void> {
  await client.query('begin');
  try {
    await client.query(`select set_config('tierdeck.tenant_id', $1, true)`, [tenantId]);
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

async function importFile(
  client: pg.ClientBase,
  kit: Kit,
  file: WantedFile,
  tell: (rows: number) => Promise<void>,
): Promise<void> {
  const { table, wanted } = file;
  // Two importers of one tenant, of which one has lost its lease, go one after the other.
  await client.query(
    `select pg_advisory_xact_lock(hashtextextended(current_setting('tierdeck.tenant_id') || $1, 0))`,
    [kit.name],
  );
  if (await isIn(client, kit, file)) return tell(wanted);
  const insert = await prepareInsert(client, kit, file);
  const wasEmpty = await asService(client, async () => {
    const { rowCount } = await client.query(`select 1 from ${table} limit 1`);
    return rowCount === 0;
  });
  let read = 0;
  let inserted = 0;
  for await (const batch of kitBatches(kit, file)) {
    await copyBatch(client, kit, file, batch);
    inserted += await asService(client, async () => {
      try {
        return (await client.query(insert, [wanted - read])).rowCount ?? 0;
      } catch (cause) {
        throw asKitFault(cause, kit, file, batch);
      }
    });
    await client.query('truncate kit_rows restart identity');
    const taken = Math.min(batch.rows, wanted - read);
    read += taken;
    await tell(taken);
    if (read === wanted) break;
  }
  if (wasEmpty && inserted < wanted) {
    throw new KitInvalidError(kit.name, `has ${wanted - inserted} rows whose key is there twice`, {
      file: file.file,
    });
  }
  await asService(client, () =>
    client.query('insert into kit_import (kit, file, sha256, rows) values ($1, $2, $3, $4)', [
      kit.name,
      file.file,
      file.sha256,
      wanted,
    ]),
  );
}

async function isIn(client: pg.ClientBase, kit: Kit, file: WantedFile): Promise<boolean> {
  return asService(client, async () => {
    const { rowCount } = await client.query(
      'select 1 from kit_import where kit = $1 and file = $2 and sha256 = $3 and rows >= $4 limit 1',
      [kit.name, file.file, file.sha256, file.wanted],
    );
    return rowCount === 1;
  });
}

/** Row-level security binds the service role, whoever is logged in. */
async function asService<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('set local role tierdeck_service');
  const result = await work();
  await client.query('reset role');
  return result;
}

/**
 * COPY is refused on tables with row-level security, hence a temporary table with the same types in between.
 * @returns the statement that moves its first `$1` rows on; a row that is there already stays as it is, and an empty
 *   field takes the column's default.
 */
async function prepareInsert(
  client: pg.ClientBase,
  kit: Kit,
  { file, table, columns }: KitFile,
): Promise<string> {
  const { rows } = await client.query<{ name: string; fallback: string | null }>(
    `select a.attname as name, case when a.attnotnull then pg_get_expr(d.adbin, d.adrelid) end as fallback
     from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped`,
    [`public.${table}`],
  );
  const fallbacks = new Map(rows.map(({ name, fallback }) => [name, fallback]));
  const stranger = columns.find((column) => !fallbacks.has(column));
  if (stranger)
    throw new KitInvalidError(kit.name, `table ${table} has no column "${stranger}"`, {
      file,
      line: 1,
      field: stranger,
    });
  const names = columns.map((column) => `"${column}"`);
  const values = columns.map((column, i) => {
    const fallback = fallbacks.get(column);
    return fallback ? `coalesce(${names[i]}, ${fallback})` : names[i];
  });
  await client.query('drop table if exists kit_rows');
  await client.query(
    `create temporary table kit_rows on commit drop as select ${names.join(', ')} from public.${table} with no data`,
  );
  await client.query('alter table kit_rows add column kit_row bigint generated always as identity');
  await client.query('grant select on kit_rows to tierdeck_service');
  return `insert into public.${table} (${names.join(', ')})
    select ${values.join(', ')} from pg_temp.kit_rows where kit_row <= $1 order by kit_row on conflict do nothing`;
}

async function copyBatch(client: pg.ClientBase, kit: Kit, file: KitFile, batch: CsvBatch): Promise<void> {
  const columns = file.columns.map((column) => `"${column}"`).join(', ');
  const copy = copyFrom(`copy kit_rows (${columns}) from stdin with (format csv)`);
  try {
    await pipeline(Readable.from([batch.bytes]), client.query(copy));
  } catch (cause) {
    throw asKitFault(cause, kit, file, batch);
  }
}

/** Says where in the file a value is wrong, without the words of the database about its own statements. */
function asKitFault(cause: unknown, kit: Kit, { file }: KitFile, batch: CsvBatch): unknown {
  const { code, where, message, constraint, column } = cause as pg.DatabaseError;
  // Class 22: the value does not fit its type; class 23: it breaks a rule of the schema.
  if (!/^2[23]/.test(code ?? '')) return cause;
  const place = /^COPY kit_rows, line (\d+)(?:, column (\w+))?/.exec(where ?? '');
  const field = place?.[2] ?? column;
  const problem = code?.startsWith('22')
    ? message
    : `breaks the rule "${constraint ?? `${column} is required`}"`;
  return new KitInvalidError(kit.name, problem, {
    file,
    ...(place ? { line: batch.line + Number(place[1]) - 1 } : {}),
    ...(field ? { field } : {}),
    cause,
  });
}
