import { Injectable } from '@nestjs/common';
import { Database, InvalidInputError } from '#platform';
import { BackupPolicies, type EffectivePolicy } from './backup-policies.js';
import {
  drillStateOf,
  freshnessOf,
  type Backup,
  type BackupFreshness,
  type Drill,
  type DrillState,
  type Restore,
} from './backup.js';
import { backupsStore } from './backups.store.js';

/** How well a tenant is backed up. */
export interface BackupStanding {
  lastBackupAt: Date | null;
  backupFreshness: BackupFreshness;
  drillState: DrillState;
  policy: EffectivePolicy;
}

interface StandingRow {
  id: string;
  last_backup: Date | null;
  first_backup: Date | null;
  drill_status: 'PASSED' | 'FAILED' | null;
  drill_at: Date | null;
  now: Date;
}

/** Lists of backups, restores and drills, and the standing of tenants. */
@Injectable()
export class BackupsReadModel {
  constructor(
    private readonly database: Database,
    private readonly policies: BackupPolicies,
  ) {}

  /** In the order of the ids, for data loaders. */
  async standings(tenantIds: readonly string[]): Promise<BackupStanding[]> {
    const policies = await this.policies.effective(tenantIds);
    const rows = await this.database.query<StandingRow>(
      `select t.id, clock_timestamp() as now, b.last_backup, b.first_backup, d.status as drill_status, d.finished_at as drill_at
       from unnest($1::uuid[]) as t(id)
       left join lateral (select max(snapshot_at) filter (where status = 'COMPLETE') as last_backup, min(snapshot_at) as first_backup
         from tenant_backup where tenant_id = t.id and status in ('COMPLETE', 'REMOVED')) b on true
       left join lateral (select status, finished_at from restore_drill where tenant_id = t.id and status <> 'RUNNING'
         order by started_at desc limit 1) d on true`,
      [tenantIds],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    return tenantIds.map((id, i) => {
      const policy = policies[i] as EffectivePolicy;
      const row = byId.get(id);
      const now = row?.now ?? new Date();
      const last = row?.drill_status ? { status: row.drill_status, finishedAt: row.drill_at } : null;
      return {
        policy,
        lastBackupAt: row?.last_backup ?? null,
        backupFreshness: freshnessOf(policy, row?.last_backup ?? null, now),
        drillState: drillStateOf(policy, row?.first_backup ?? null, last, now),
      };
    });
  }

  backups(tenantId: string, first: number): Promise<Backup[]> {
    return backupsStore.list(this.database.source.manager, tenantId, bounded(first));
  }

  async backup(id: string): Promise<Backup | undefined> {
    return backupsStore.find(this.database.source.manager, id);
  }

  restores(tenantId: string, first: number): Promise<Restore[]> {
    return backupsStore.restores(this.database.source.manager, tenantId, bounded(first));
  }

  async restore(id: string): Promise<Restore | undefined> {
    return backupsStore.findRestore(this.database.source.manager, id);
  }

  drills(tenantId: string, first: number): Promise<Drill[]> {
    return backupsStore.drills(this.database.source.manager, tenantId, bounded(first));
  }
}

function bounded(first: number): number {
  if (first < 1 || first > 500)
    throw new InvalidInputError('first must be between 1 and 500.', { field: 'first' });
  return first;
}
