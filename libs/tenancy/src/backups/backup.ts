export type BackupReason = 'SCHEDULED' | 'REQUESTED' | 'BEFORE_RESTORE' | 'OFFBOARDING';
export type BackupStatus = 'RUNNING' | 'COMPLETE' | 'FAILED' | 'REMOVED';
export type RestoreMode = 'IN_PLACE' | 'NEW_TENANT' | 'SIDE_BY_SIDE';
export type RestoreStatus = 'RUNNING' | 'COMPLETE' | 'FAILED' | 'DROPPED';
export type DrillStatus = 'RUNNING' | 'PASSED' | 'FAILED';

/** Whether the newest archive is as young as the policy wants it. */
export type BackupFreshness = 'FRESH' | 'STALE' | 'NEVER' | 'OFF';
/** Whether it has been shown of late that an archive of the tenant can be restored. */
export type DrillState = 'PASSED' | 'FAILED' | 'OVERDUE' | 'NOT_YET';

/** What an archive holds, as its manifest says. */
export interface ArchiveSummary {
  snapshotAt: string;
  revision: number;
  keyVersion: number;
  tables: number;
  rows: number;
  /** Before compression, and as stored. */
  bytes: number;
  storedBytes: number;
}

export interface Backup {
  id: string;
  tenantId: string;
  reason: BackupReason;
  status: BackupStatus;
  requestedBy: string;
  startedAt: Date;
  finishedAt: Date | null;
  snapshotAt: Date | null;
  revision: number | null;
  keyVersion: number | null;
  tables: number | null;
  rows: number | null;
  bytes: number | null;
  storedBytes: number | null;
  error: string | null;
  removedAt: Date | null;
}

export interface Restore {
  id: string;
  tenantId: string;
  backupId: string;
  mode: RestoreMode;
  status: RestoreStatus;
  requestedBy: string;
  targetTenantId: string | null;
  /** Restoring this one undoes a restore in place. */
  beforeBackupId: string | null;
  cluster: string | null;
  databaseName: string | null;
  expiresAt: Date | null;
  error: string | null;
  startedAt: Date;
  finishedAt: Date | null;
}

export interface Drill {
  id: string;
  tenantId: string;
  backupId: string;
  status: DrillStatus;
  requestedBy: string;
  startedAt: Date;
  finishedAt: Date | null;
  /** From the beginning of the restore to the data verified (RTO). */
  recoveryMs: number | null;
  /** Age of the data when the drill began (RPO). */
  dataAgeMs: number | null;
  tables: number | null;
  rows: number | null;
  bytes: number | null;
  error: string | null;
}

/** How often a tenant is archived, how long the archives stay, and how often one is restored to prove it can be. */
export interface BackupPolicy {
  enabled: boolean;
  intervalMinutes: number;
  /** An archive is kept while it is among the newest `keepCount` or younger than `keepDays`. */
  keepCount: number;
  keepDays: number;
  drillIntervalDays: number;
}

export const standardPolicy: BackupPolicy = {
  enabled: true,
  intervalMinutes: 24 * 60,
  keepCount: 7,
  keepDays: 30,
  drillIntervalDays: 7,
};

/** Half an interval late is late: one archive was missed. */
const tolerance = 1.5;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** @param lastBackupAt snapshot of the newest complete archive. */
export function freshnessOf(policy: BackupPolicy, lastBackupAt: Date | null, now: Date): BackupFreshness {
  if (!policy.enabled) return 'OFF';
  if (!lastBackupAt) return 'NEVER';
  const late = now.getTime() - lastBackupAt.getTime() > tolerance * policy.intervalMinutes * minuteMs;
  return late ? 'STALE' : 'FRESH';
}

/**
 * @param firstBackupAt since when there has been an archive to restore.
 * @param last the newest drill that has ended.
 */
export function drillStateOf(
  policy: BackupPolicy,
  firstBackupAt: Date | null,
  last: Pick<Drill, 'status' | 'finishedAt'> | null,
  now: Date,
): DrillState {
  if (last?.status === 'FAILED') return 'FAILED';
  const since = last?.finishedAt ?? firstBackupAt;
  if (!since) return 'NOT_YET';
  const late = now.getTime() - since.getTime() > tolerance * policy.drillIntervalDays * dayMs;
  if (late && policy.enabled) return 'OVERDUE';
  return last ? 'PASSED' : 'NOT_YET';
}
