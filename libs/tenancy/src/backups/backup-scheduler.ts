import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Commands } from '#audit';
import {
  CONFIGURATION,
  Database,
  LOGGER,
  Reconciler,
  TierdeckError,
  type Configuration,
  type Logger,
} from '#platform';
import { effectiveColumns, policyJoins } from './backup-policies.js';
import { BackupsService } from './backups.service.js';
import { backupsStore } from './backups.store.js';
import { ScratchDatabases, scratchName } from './scratch-databases.js';
import { TenantArchives } from './tenant-archives.js';

const pollMs = 5_000;
/** Archives that the schedule takes at once: after a long stop all tenants are due together. */
const atOnce = 2;
/** A backup or drill that failed is tried again by the schedule after this long at the earliest. */
const pauseAfterTry = `interval '1 hour'`;

const scheduled = `with standing as (
    select t.id, t.slug, t.created_at, ${effectiveColumns} from tenant t ${policyJoins}
    where t.status in ('ACTIVE', 'SUSPENDED') and t.database_id is not null),
  dated as (
    select s.*,
      (select max(b.snapshot_at) from tenant_backup b where b.tenant_id = s.id and b.status = 'COMPLETE') as last_backup,
      (select max(b.started_at) from tenant_backup b where b.tenant_id = s.id) as last_try,
      (select min(b.snapshot_at) from tenant_backup b where b.tenant_id = s.id and b.status in ('COMPLETE', 'REMOVED')) as first_backup,
      (select max(d.started_at) from restore_drill d where d.tenant_id = s.id and d.status = 'PASSED') as last_drill,
      (select max(d.started_at) from restore_drill d where d.tenant_id = s.id) as last_drill_try
    from standing s where s.enabled)`;

/**
 * Starts backups and drills when their time has come, drops what was restored beside a tenant when its time is over, and
 * removes archives that no policy keeps. Times are those of the database; any number of replicas may run it.
 */
@Injectable()
export class BackupScheduler implements OnModuleInit, OnApplicationShutdown {
  readonly #reconciler: Reconciler;

  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly backups: BackupsService,
    private readonly archives: TenantArchives,
    private readonly scratch: ScratchDatabases,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#reconciler = new Reconciler({ name: 'backups', pollMs }, () => this.step(), logger);
  }

  onModuleInit(): void {
    if (this.configuration.roles.has('reconciler')) this.#reconciler.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#reconciler.stop();
  }

  /** Does one thing that is due. @returns whether there was one. */
  async step(): Promise<boolean> {
    return (
      (await this.#startBackup()) ||
      (await this.#startDrill()) ||
      (await this.#dropAside()) ||
      (await this.#dropDrill()) ||
      (await this.#removeArchive()) ||
      (await this.#removeFiles())
    );
  }

  async #startBackup(): Promise<boolean> {
    const [due] = await this.database.query<{ slug: string }>(
      `${scheduled} select slug from dated
       where clock_timestamp() >= coalesce(last_backup, created_at) + "intervalMinutes" * interval '1 minute'
         and (last_try is null or last_try < clock_timestamp() - least("intervalMinutes" * interval '1 minute', ${pauseAfterTry}))
         and not exists (select from operation o where o.tenant_id = dated.id
           and o.kind in ('tenant.back-up', 'tenant.restore-in-place') and o.status in ('PENDING', 'RUNNING', 'WAITING'))
       and (select count(*) from operation o where o.kind = 'tenant.back-up' and o.status in ('PENDING', 'RUNNING', 'WAITING')) < $1
       order by last_backup nulls first limit 1`,
      [atOnce],
    );
    if (!due) return false;
    return this.#begin(due.slug, (slug) =>
      this.commands.asSystem('scheduler:backups', (command) =>
        this.backups.backUp(command, slug, 'SCHEDULED'),
      ),
    );
  }

  async #startDrill(): Promise<boolean> {
    const [due] = await this.database.query<{ slug: string }>(
      `${scheduled} select slug from dated
       where last_backup is not null
         and clock_timestamp() >= coalesce(last_drill, first_backup) + "drillIntervalDays" * interval '1 day'
         and (last_drill_try is null or last_drill_try < clock_timestamp() - ${pauseAfterTry})
         and not exists (select from restore_drill d where d.status = 'RUNNING')
       order by last_drill nulls first limit 1`,
    );
    if (!due) return false;
    return this.#begin(due.slug, (slug) =>
      this.commands.asSystem('scheduler:backups', (command) => this.backups.drill(command, slug)),
    );
  }

  /** Another replica, or a person, may have been quicker: then there is nothing to do. */
  async #begin(slug: string, start: (slug: string) => Promise<unknown>): Promise<boolean> {
    try {
      await start(slug);
      return true;
    } catch (error) {
      if (!(error instanceof TierdeckError)) throw error;
      this.logger.info({ tenant: slug, code: error.code }, 'a backup or drill that was due was not begun');
      return false;
    }
  }

  async #dropAside(): Promise<boolean> {
    const [over] = await this.database.query<{
      id: string;
      cluster: string;
      name: string;
      tenant_id: string;
      slug: string;
    }>(
      `select r.id, r.cluster, r.database_name as name, r.tenant_id, t.slug from tenant_restore r
         join tenant t on t.id = r.tenant_id
       where r.mode = 'SIDE_BY_SIDE' and (r.status = 'FAILED' or r.status = 'COMPLETE' and r.expires_at <= clock_timestamp())
       order by r.expires_at limit 1`,
    );
    if (!over) return false;
    await this.scratch.drop(over.cluster, over.name);
    await this.commands.asSystem('scheduler:backups', async (command) => {
      await backupsStore.endRestore(command.tx, over.id, 'DROPPED');
      await command.record({
        area: 'tenancy',
        action: 'tenant.restored-aside-dropped',
        subject: `tenant/${over.slug}`,
        tenantId: over.tenant_id,
        after: { cluster: over.cluster, database: over.name },
      });
    });
    return true;
  }

  /** A drill whose process was killed and whose operation was then cancelled leaves its database behind. */
  async #dropDrill(): Promise<boolean> {
    const failed = await this.database.query<{ tenant_id: string; id: string }>(
      `select tenant_id, id from restore_drill
       where status = 'FAILED' and finished_at > clock_timestamp() - interval '1 day' limit 100`,
    );
    const names = new Set(failed.map(({ id }) => scratchName('drill', id)));
    let dropped = 0;
    for (const tenantId of new Set(failed.map(({ tenant_id }) => tenant_id))) {
      try {
        for (const { cluster, name } of await this.scratch.ofTenant(tenantId)) {
          if (!names.has(name)) continue;
          await this.scratch.drop(cluster, name);
          dropped++;
        }
      } catch (error) {
        // A server that is away holds up nothing else.
        this.logger.warn({ err: error }, 'the database of a drill could not be dropped; trying again');
      }
    }
    return dropped > 0;
  }

  async #removeArchive(): Promise<boolean> {
    const [old] = await this.database.query<{ id: string; tenant_id: string; slug: string }>(
      `with standing as (select t.id as tenant_id, t.slug, ${effectiveColumns} from tenant t ${policyJoins}),
         ranked as (
           select b.id, b.tenant_id, b.snapshot_at, b.reason,
             row_number() over (partition by b.tenant_id order by b.snapshot_at desc) as place
           from tenant_backup b where b.status = 'COMPLETE')
       select r.id, r.tenant_id, s.slug from ranked r join standing s using (tenant_id)
       where r.place > s."keepCount" and r.reason <> 'OFFBOARDING'
         and r.snapshot_at < clock_timestamp() - s."keepDays" * interval '1 day'
         and not exists (select from operation o where o.tenant_id = r.tenant_id and o.kind like 'tenant.restore%'
           and o.status in ('PENDING', 'RUNNING', 'WAITING'))
       order by r.snapshot_at limit 1`,
    );
    if (!old) return false;
    await this.commands.asSystem('scheduler:backups', async (command) => {
      await backupsStore.remove(command.tx, old.id);
      await command.record({
        area: 'tenancy',
        action: 'tenant.backup-removed',
        subject: `tenant/${old.slug}`,
        tenantId: old.tenant_id,
        after: { backup: old.id },
      });
    });
    return true;
  }

  /** After the archive was written off: one that is half removed must not be offered. */
  async #removeFiles(): Promise<boolean> {
    const [gone] = await this.database.query<{ id: string; slug: string }>(
      `select b.id, t.slug from tenant_backup b join tenant t on t.id = b.tenant_id
       where b.status = 'REMOVED' and b.removed_at is null limit 1`,
    );
    if (!gone) return false;
    await this.archives.remove(gone, gone.id);
    await this.database.transaction((tx) => backupsStore.removed(tx, gone.id));
    return true;
  }
}
