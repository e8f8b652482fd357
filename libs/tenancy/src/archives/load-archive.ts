import type { Writable } from 'node:stream';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { StepProgress } from '#operations';
import { tenantTables } from '../databases/tenant-rows.js';
import { ArchiveSchemaError, RestoreDiffersError, RestoreOvertakenError } from './archive.errors.js';
import type { ArchiveManifest, ArchiveTable } from './manifest.js';
import { share, type OpenArchive } from './read-archive.js';
import { archivableTables, appliedMigrations, fixTextForm, quoted, sumTable } from './table-catalogue.js';
import { throttled } from './write-archive.js';

export interface LoadOptions {
  archive: OpenArchive;
  /** Whose rows they become. */
  tenantId: string;
  onProgress?: (progress: StepProgress) => Promise<void>;
  /**
   * Loads at most once under an id, and only if what is there still is what was archived: whoever has not heard that the
   * tenant is suspended may have written since.
   */
  once?: { id: string; over: ArchiveManifest };
  /** Called when everything is in and checked, just before the commit; what it throws rolls back. */
  beforeCommit?: () => Promise<void>;
}

/**
 * Makes a tenant's rows those of an archive, in one transaction: what the tenant had is deleted, the archive's rows
 * come in, and their checksums must be the archive's before it commits. Others see the old state or the new one.
 * @param client a superuser's, outside a transaction.
 * @throws ArchiveSchemaError, ArchiveRefusedError, RestoreDiffersError, RestoreOvertakenError; then nothing has changed.
 */
export async function loadArchive(client: pg.Client, options: LoadOptions): Promise<void> {
  await client.query('begin');
  try {
    await fixTextForm(client);
    // Shared by every writer, exclusive for who moves the tenant (migrations/tenant/0003): writers wait for the end of
    // this, and two holders of one restore go one after the other.
    await client.query(`select pg_advisory_xact_lock(hashtextextended('tierdeck_home:' || $1, 0))`, [
      options.tenantId,
    ]);
    await client.query(`select set_config('tierdeck.tenant_id', $1, true)`, [options.tenantId]);
    if (options.once && (await isLoaded(client, options.tenantId, options.once.id))) {
      await client.query('rollback');
      return;
    }
    await refuseOtherSchema(client, options.archive);
    if (options.once) await refuseOvertaken(client, options.tenantId, options.once.over);
    await replaceRows(client, options);
    await refuseDifference(client, options);
    if (options.once) await markLoaded(client, options.tenantId, options.once.id);
    await options.beforeCommit?.();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** @throws ArchiveSchemaError unless the database stands at the archive's migrations. */
export async function refuseOtherSchema(client: pg.ClientBase, { manifest }: OpenArchive): Promise<void> {
  const here = await appliedMigrations(client);
  const known = new Map(here.map(({ name, checksum }) => [name, checksum]));
  const missing = manifest.migrations.filter(({ name, checksum }) => known.get(name) !== checksum);
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    throw new ArchiveSchemaError(manifest.id, `needs migrations that the database does not have: ${names}`);
  }
  const shapes = new Map(
    (await archivableTables(client)).map(({ name, columns }) => [name, new Set(columns)]),
  );
  for (const { name, columns } of manifest.tables) {
    const shape = shapes.get(name);
    const stranger = columns.find((column) => !shape?.has(column));
    if (!shape)
      throw new ArchiveSchemaError(manifest.id, `has a table ${name} that the database does not have`);
    if (stranger)
      throw new ArchiveSchemaError(
        manifest.id,
        `has a column ${name}.${stranger} that the database does not have`,
      );
  }
}

async function replaceRows(client: pg.Client, { archive, tenantId, onProgress }: LoadOptions): Promise<void> {
  const { tables } = archive.manifest;
  const total = tables.reduce((sum, { rows }) => sum + rows, 0);
  // The archive is one consistent state and is checked to be in whole, so its references hold; checking each row's
  // would take most of the time. The data of tables that the archive does not know goes as well.
  await client.query(`set local session_replication_role = 'replica'`);
  const known = new Set((await archivableTables(client)).map(({ name }) => name));
  for (const name of await tenantTables(client)) {
    if (known.has(name)) await client.query(`delete from ${quoted([name])} where tenant_id = $1`, [tenantId]);
  }
  let done = 0;
  const tell = throttled(async (rows: number) => onProgress?.({ done: rows, total, unit: 'rows' }));
  for (const table of tables) {
    const copy = (): Writable => client.query(copyFrom(copyStatement(table)));
    await archive.pour(table, copy, (bytes) => tell(done + share(table, bytes)));
    done += table.rows;
  }
  await client.query(`set local session_replication_role = 'origin'`);
  await onProgress?.({ done, total, unit: 'rows' });
}

function copyStatement({ name, columns }: ArchiveTable): string {
  return `copy ${quoted([name])} (${quoted(columns)}) from stdin with (format csv, header match)`;
}

/** @throws RestoreDiffersError unless every table has the archive's rows. */
async function refuseDifference(client: pg.ClientBase, { archive, tenantId }: LoadOptions): Promise<void> {
  const differing = await differingTables(client, tenantId, archive.manifest);
  if (differing.length > 0) throw new RestoreDiffersError(archive.manifest.id, differing);
}

/** @throws RestoreOvertakenError if the tenant's rows are not those that were archived. */
async function refuseOvertaken(
  client: pg.ClientBase,
  tenantId: string,
  over: ArchiveManifest,
): Promise<void> {
  const differing = await differingTables(client, tenantId, over);
  if (differing.length > 0) throw new RestoreOvertakenError(differing);
}

async function differingTables(
  client: pg.ClientBase,
  tenantId: string,
  { tables }: ArchiveManifest,
): Promise<string[]> {
  const differing: string[] = [];
  for (const table of tables) {
    const { rows, checksum } = await sumTable(client, tenantId, table);
    if (rows !== table.rows || checksum !== table.checksum) differing.push(table.name);
  }
  return differing;
}

/** Beside the rows and committed with them, so that a repetition after a crash knows. */
const loaded = 'restored';

async function isLoaded(client: pg.ClientBase, tenantId: string, id: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'select from move_marker where tenant_id = $1 and move_id = $2 and marker = $3',
    [tenantId, id, loaded],
  );
  return rowCount !== 0;
}

async function markLoaded(client: pg.ClientBase, tenantId: string, id: string): Promise<void> {
  await client.query('delete from move_marker where tenant_id = $1 and marker = $2', [tenantId, loaded]);
  await client.query('insert into move_marker (tenant_id, move_id, marker) values ($1, $2, $3)', [
    tenantId,
    id,
    loaded,
  ]);
}
