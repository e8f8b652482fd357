import { rowsOf, type Transaction } from '#platform';
import type { ArchiveSummary, Backup, BackupReason, Drill, Restore, RestoreMode } from './backup.js';

const backupColumns = `id, tenant_id as "tenantId", reason, status, requested_by as "requestedBy", started_at as "startedAt",
  finished_at as "finishedAt", snapshot_at as "snapshotAt", revision::float8, key_version as "keyVersion", tables,
  rows::float8, bytes::float8, stored_bytes::float8 as "storedBytes", error, removed_at as "removedAt"`;
const restoreColumns = `id, tenant_id as "tenantId", backup_id as "backupId", mode, status, requested_by as "requestedBy",
  target_tenant_id as "targetTenantId", before_backup_id as "beforeBackupId", cluster, database_name as "databaseName",
  expires_at as "expiresAt", error, started_at as "startedAt", finished_at as "finishedAt"`;
const drillColumns = `id, tenant_id as "tenantId", backup_id as "backupId", status, requested_by as "requestedBy",
  started_at as "startedAt", finished_at as "finishedAt", recovery_ms::float8 as "recoveryMs",
  data_age_ms::float8 as "dataAgeMs", tables, rows::float8, bytes::float8, error`;

export interface NewBackup {
  id: string;
  tenantId: string;
  reason: BackupReason;
  requestedBy: string;
}

/** Rows of backups, restores and drills. */
export const backupsStore = {
  async insert(tx: Transaction, backup: NewBackup): Promise<void> {
    await tx.query(
      `insert into tenant_backup (id, tenant_id, reason, requested_by) values ($1, $2, $3, $4)
       on conflict (id) do nothing`,
      [backup.id, backup.tenantId, backup.reason, backup.requestedBy],
    );
  },

  async complete(tx: Transaction, id: string, summary: ArchiveSummary): Promise<void> {
    await tx.query(
      `update tenant_backup set status = 'COMPLETE', finished_at = clock_timestamp(), snapshot_at = $2, revision = $3,
         key_version = $4, tables = $5, rows = $6, bytes = $7, stored_bytes = $8, error = null where id = $1`,
      [
        id,
        summary.snapshotAt,
        summary.revision,
        summary.keyVersion,
        summary.tables,
        summary.rows,
        summary.bytes,
        summary.storedBytes,
      ],
    );
  },

  /** One that is complete stays so. */
  async fail(tx: Transaction, id: string, error: string): Promise<void> {
    await tx.query(
      `update tenant_backup set status = 'FAILED', finished_at = clock_timestamp(), error = $2
       where id = $1 and status = 'RUNNING'`,
      [id, error],
    );
  },

  async run(tx: Transaction, id: string): Promise<void> {
    await tx.query(
      `update tenant_backup set status = 'RUNNING', error = null where id = $1 and status = 'FAILED'`,
      [id],
    );
  },

  /** From now on it is not offered; its files go next. */
  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.query(`update tenant_backup set status = 'REMOVED' where id = $1`, [id]);
  },

  /** Its files are gone. */
  async removed(tx: Transaction, id: string): Promise<void> {
    await tx.query('update tenant_backup set removed_at = clock_timestamp() where id = $1', [id]);
  },

  async find(tx: Transaction, id: string): Promise<Backup | undefined> {
    const [row] = await rowsOf<Backup>(tx, `select ${backupColumns} from tenant_backup where id::text = $1`, [
      id,
    ]);
    return row;
  },

  /** The newest archive that can be restored. */
  async newest(tx: Transaction, tenantId: string): Promise<Backup | undefined> {
    const [row] = await rowsOf<Backup>(
      tx,
      `select ${backupColumns} from tenant_backup where tenant_id = $1 and status = 'COMPLETE'
       order by snapshot_at desc limit 1`,
      [tenantId],
    );
    return row;
  },

  list(tx: Transaction, tenantId: string, first: number): Promise<Backup[]> {
    return rowsOf(
      tx,
      `select ${backupColumns} from tenant_backup where tenant_id = $1 order by started_at desc limit $2`,
      [tenantId, first],
    );
  },

  async insertRestore(
    tx: Transaction,
    restore: Pick<Restore, 'id' | 'tenantId' | 'backupId' | 'requestedBy'> & {
      mode: RestoreMode;
      targetTenantId?: string;
      beforeBackupId?: string;
      aside?: { cluster: string; name: string; hours: number };
    },
  ): Promise<void> {
    const { aside } = restore;
    await tx.query(
      `insert into tenant_restore (id, tenant_id, backup_id, mode, requested_by, target_tenant_id, before_backup_id,
         cluster, database_name, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp() + $10 * interval '1 hour')`,
      [
        restore.id,
        restore.tenantId,
        restore.backupId,
        restore.mode,
        restore.requestedBy,
        restore.targetTenantId ?? null,
        restore.beforeBackupId ?? null,
        aside?.cluster ?? null,
        aside?.name ?? null,
        aside?.hours ?? null,
      ],
    );
  },

  async endRestore(
    tx: Transaction,
    id: string,
    status: 'COMPLETE' | 'FAILED' | 'DROPPED' | 'RUNNING',
    error: string | null = null,
  ): Promise<void> {
    await tx.query(
      `update tenant_restore set status = $2, error = $3, finished_at = case when $2 = 'RUNNING' then null
         else clock_timestamp() end where id = $1`,
      [id, status, error],
    );
  },

  async findRestore(tx: Transaction, id: string): Promise<Restore | undefined> {
    const [row] = await rowsOf<Restore>(
      tx,
      `select ${restoreColumns} from tenant_restore where id::text = $1`,
      [id],
    );
    return row;
  },

  /** Of the tenant's archives, or into it. */
  restores(tx: Transaction, tenantId: string, first: number): Promise<Restore[]> {
    return rowsOf(
      tx,
      `select ${restoreColumns} from tenant_restore where tenant_id = $1 or target_tenant_id = $1
       order by started_at desc limit $2`,
      [tenantId, first],
    );
  },

  async insertDrill(
    tx: Transaction,
    drill: Pick<Drill, 'id' | 'tenantId' | 'backupId' | 'requestedBy'>,
  ): Promise<void> {
    await tx.query(
      'insert into restore_drill (id, tenant_id, backup_id, requested_by) values ($1, $2, $3, $4)',
      [drill.id, drill.tenantId, drill.backupId, drill.requestedBy],
    );
  },

  async endDrill(
    tx: Transaction,
    id: string,
    outcome:
      | {
          status: 'PASSED';
          recoveryMs: number;
          dataAgeMs: number;
          tables: number;
          rows: number;
          bytes: number;
        }
      | { status: 'FAILED'; error: string }
      | { status: 'RUNNING' },
  ): Promise<void> {
    const passed = outcome.status === 'PASSED' ? outcome : undefined;
    await tx.query(
      `update restore_drill set status = $2, finished_at = case when $2 = 'RUNNING' then null else clock_timestamp() end,
         recovery_ms = $3, data_age_ms = $4, tables = $5, rows = $6, bytes = $7, error = $8 where id = $1`,
      [
        id,
        outcome.status,
        passed?.recoveryMs ?? null,
        passed?.dataAgeMs ?? null,
        passed?.tables ?? null,
        passed?.rows ?? null,
        passed?.bytes ?? null,
        outcome.status === 'FAILED' ? outcome.error : null,
      ],
    );
  },

  /** Why an operation stopped, in the transaction that stops it. */
  async stopReason(tx: Transaction, operationId: string): Promise<string> {
    const [row] = await rowsOf<{ error_message: string | null }>(
      tx,
      'select error_message from operation where id = $1',
      [operationId],
    );
    return row?.error_message ?? 'It was stopped.';
  },

  drills(tx: Transaction, tenantId: string, first: number): Promise<Drill[]> {
    return rowsOf(
      tx,
      `select ${drillColumns} from restore_drill where tenant_id = $1 order by started_at desc limit $2`,
      [tenantId, first],
    );
  },
};
