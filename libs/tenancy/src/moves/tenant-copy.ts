import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Pace } from './pace.js';
import type { MovedTable } from './tenant-tables.js';

const id = pg.escapeIdentifier;

/** Rows of one tenant in each table, with what they are in sum, in whatever order they lie. */
export type TableDigests = Record<string, { rows: number; checksum: string }>;

/**
 * Counts and order-independent checksums of a tenant's rows: the sum of a 64-bit hash of each row's text, which names
 * every column in the order of its name and tells an empty text from none.
 * Both sessions must print values alike; see prepareSession.
 */
export async function digestTables(
  client: pg.ClientBase,
  tenantId: string,
  tables: readonly MovedTable[],
  pace: Pace,
): Promise<TableDigests> {
  const digests: TableDigests = {};
  for (const { name, columns } of tables) {
    const { rows } = await client.query<{ rows: string; checksum: string }>(
      `select count(*) as rows, coalesce(sum(hashtextextended(row(${columns.map((c) => id(c)).join(', ')})::text, 0)), 0) as checksum,
         ${pace.inStatement}
       from ${id(name)} where tenant_id = $1`,
      [tenantId],
    );
    digests[name] = { rows: Number(rows[0]?.rows), checksum: String(rows[0]?.checksum) };
  }
  return digests;
}

/** A sentence for each table that differs. */
export function differences(source: TableDigests, target: TableDigests): string[] {
  const names = [...new Set([...Object.keys(source), ...Object.keys(target)])].sort();
  return names.flatMap((name) => {
    const [a, b] = [source[name], target[name]];
    if (a && b && a.rows === b.rows && a.checksum === b.checksum) return [];
    if (a?.rows !== b?.rows)
      return [`Table ${name} has ${a?.rows ?? 0} rows here and ${b?.rows ?? 0} there.`];
    return [`Table ${name} has rows that differ.`];
  });
}

/**
 * Copies a tenant's rows into a transaction of `to`, in which no trigger fires and no foreign key is checked: they held
 * where the rows come from.
 * @param onRows told now and then how many rows have gone over.
 */
export async function copyTenant(
  from: pg.Client,
  to: pg.Client,
  tenantId: string,
  tables: readonly MovedTable[],
  pace: Pace,
  onRows: (rows: number) => void,
): Promise<number> {
  let rows = 0;
  pace.begin();
  for (const { name, columns } of tables) {
    const list = columns.map((column) => id(column)).join(', ');
    const selected = `select ${list} from ${id(name)} where tenant_id = ${pg.escapeLiteral(tenantId)}`;
    const sql = `copy ${id(name)} (${list}) from stdin`;
    await pipeline(
      from.query(copyTo(`copy (${selected}) to stdout`)),
      inPortions(async (portion) => {
        await pipeline(Readable.from([portion]), to.query(copyFrom(sql)));
        // In COPY's text format a line feed ends a row; one inside a value is written as \n.
        for (let at = portion.indexOf(10); at !== -1; at = portion.indexOf(10, at + 1)) rows++;
        onRows(rows);
        await pace.rest();
      }),
    );
  }
  return rows;
}

/** Bytes of rows that go into the target by one COPY. */
const portionBytes = 6 * 1024;

/**
 * Cuts a stream of rows into portions of whole ones. Each is in the target before the next is taken: else megabytes of
 * rows under way would keep the target busy while the copy rests.
 */
function inPortions(take: (portion: Buffer) => Promise<void>) {
  return async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    let held: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of chunks) {
      held.push(chunk);
      bytes += chunk.length;
      if (bytes < portionBytes || !chunk.includes(10)) continue;
      let read = Buffer.concat(held);
      for (let end = 0; (end = read.indexOf(10, portionBytes - 1) + 1) > 0; read = read.subarray(end))
        await take(read.subarray(0, end));
      held = [read];
      bytes = read.length;
    }
    if (bytes > 0) await take(Buffer.concat(held));
  };
}

/** Rows deleted in one statement: small enough that other tenants' writes hardly wait. */
const batchRows = 500;

/**
 * Deletes a tenant's rows in batches, each a transaction of its own; the tenant stands in every statement. Triggers and
 * foreign keys are left out: all of the tenant goes.
 * @returns rows deleted by table.
 */
export async function eraseTenant(
  client: pg.Client,
  tenantId: string,
  tables: readonly Pick<MovedTable, 'name'>[],
  pace: Pace,
  onRows: (rows: number) => Promise<void>,
): Promise<Record<string, number>> {
  const erased: Record<string, number> = {};
  let all = 0;
  await client.query('set session_replication_role = replica');
  pace.begin();
  try {
    for (const { name } of tables) {
      for (;;) {
        const { rowCount } = await client.query(
          `delete from ${id(name)} where ctid = any(array(select ctid from ${id(name)} where tenant_id = $1 limit $2))
             and tenant_id = $1`,
          [tenantId, batchRows],
        );
        if (!rowCount) break;
        erased[name] = (erased[name] ?? 0) + rowCount;
        await onRows((all += rowCount));
        await pace.rest();
      }
    }
  } finally {
    await client.query('set session_replication_role = origin').catch(() => undefined);
  }
  return erased;
}
