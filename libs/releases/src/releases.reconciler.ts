import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Commands, type Command } from '#audit';
import { Database, Notifications, Reconciler, type Logger, type Look } from '#platform';
import { KpiStore } from './kpi.store.js';
import { note, reasonOf, recordDecision } from './release-decisions.js';
import { ReleaseFlags } from './release-flags.js';
import { decide, type Decision } from './release-machine.js';
import { ReleaseMigrations } from './release-migrations.js';
import { loadView } from './release-view.js';
import type { ReleaseStatus } from './release.js';
import {
  claimRelease,
  freeRelease,
  lockRelease,
  RELEASE_CHANNEL,
  renewLease,
  updateReleaseStatus,
  type ReleaseRow,
} from './releases.store.js';
import { StopWork } from './stop-work.js';
import { TenantExposure, type ExposureOptions } from './tenant-exposure.js';
import { TenantMigrator } from './tenant-migrator.js';

export interface ReleasesReconcilerOptions extends Partial<ExposureOptions> {
  /** Longest time a dead holder keeps a release from the others. */
  leaseMs?: number;
  /** How often gates and timers are looked at. */
  pollMs?: number;
  /** Releases worked on at once. */
  concurrency?: number;
}

export interface ReleasesReconcilerParts {
  database: Database;
  commands: Commands;
  flags: ReleaseFlags;
  migrations: ReleaseMigrations;
  migrator: TenantMigrator;
  kpiStore: KpiStore;
  logger: Logger;
}

/** Failed tries of a rollback before a person is needed. */
const maxRollbackAttempts = 8;
const hour = 3_600_000;

/**
 * Carries releases out, in any replica. A claim is a lease with a fencing token; every decision is made on rows that the
 * same transaction holds locked, under that fence. A killed process leaves a lease that runs out and a journal that the
 * next holder goes on from.
 */
export class ReleasesReconciler {
  readonly #holder = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  readonly #options: Required<ReleasesReconcilerOptions>;
  readonly #loop: Reconciler;
  #prunedAt = 0;
  #stopping = false;
  #unsubscribe: () => void = () => undefined;

  constructor(
    private readonly parts: ReleasesReconcilerParts,
    options: ReleasesReconcilerOptions = {},
  ) {
    this.#options = {
      leaseMs: 5_000,
      pollMs: 250,
      concurrency: 4,
      settleMs: 3_000,
      maxAttempts: 4,
      ...options,
    };
    const { concurrency, pollMs } = this.#options;
    this.#loop = new Reconciler({ name: 'releases', concurrency, pollMs }, () => this.#claim(), parts.logger);
  }

  async start(notifications: Notifications): Promise<void> {
    this.#unsubscribe = await notifications.subscribe(RELEASE_CHANNEL, () => this.#loop.wake());
    this.#loop.start();
  }

  /** Ends after what is under way, also in the middle of a wave; another process goes on from there. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    await this.#loop.stop();
  }

  async #claim(): Promise<Look> {
    const release = await claimRelease(this.parts.database, this.#holder, this.#options.leaseMs);
    if (release) return () => this.#hold(release);
    await this.#prune();
    return false;
  }

  async #hold(release: ReleaseRow): Promise<void> {
    const { leaseMs, pollMs } = this.#options;
    const { database } = this.parts;
    const renewal = setInterval(() => void this.#renew(release), leaseMs / 3);
    try {
      await this.#run(release);
      await database.transaction((tx) => freeRelease(tx, release, this.#stopping ? 0 : pollMs));
    } catch (error) {
      if (!(error instanceof StopWork)) await this.#failed(release, error);
    } finally {
      clearInterval(renewal);
    }
  }

  /** Decides and acts until there is nothing to do but wait. */
  async #run(release: ReleaseRow): Promise<void> {
    const { flags, migrations, migrator } = this.parts;
    const underWay = new Map<string, Promise<void>>();
    const exposure = new TenantExposure(
      release,
      flags,
      migrations,
      migrator,
      (work) => this.#fenced(release, ['RUNNING'], work),
      this.#options,
    );
    while (!this.#stopping) {
      const decision = await this.#decide(release);
      if (decision.do === 'apply') {
        for (const tenantId of decision.run) {
          if (underWay.has(tenantId)) continue;
          const work = exposure
            .expose(tenantId)
            .catch((error: unknown) => this.#unlessStopped(release, error))
            .finally(() => underWay.delete(tenantId));
          underWay.set(tenantId, work);
        }
        // Another look when a place is free, and often enough for the gates.
        await Promise.race([...underWay.values(), sleep(this.#options.pollMs)]);
        continue;
      }
      // Whatever is decided now, nobody is half-way any more when it is done.
      if (underWay.size > 0) {
        await Promise.all(underWay.values());
        continue;
      }
      if (!(await this.#act(release, decision))) return;
    }
    await Promise.all(underWay.values());
  }

  async #decide(release: ReleaseRow): Promise<Decision> {
    return this.#fenced(release, undefined, async (command, current) => {
      const decision = decide(await loadView(command.tx, current, this.parts.kpiStore));
      await recordDecision(command, current, decision, this.parts.flags);
      return decision;
    });
  }

  /** Does what lies outside of the control-plane database. @returns whether to decide again at once. */
  async #act(release: ReleaseRow, decision: Decision): Promise<boolean> {
    switch (decision.do) {
      case 'rehearse':
        await this.#rehearse(release);
        return true;
      case 'revert':
        for (const databaseId of decision.databases) await this.#revert(release, databaseId);
        return true;
      case 'wait':
      case 'hold':
      case 'succeed':
      case 'rolled-back':
        return false;
      default:
        return true;
    }
  }

  async #rehearse(release: ReleaseRow): Promise<void> {
    const { migrations, migrator } = this.parts;
    let problem: string | undefined;
    try {
      await migrator.rehearse(release.id, await migrations.read(release.content.migrations));
    } catch (error) {
      problem = reasonOf(error);
      this.parts.logger.warn({ err: error, release: release.id }, 'rehearsal failed');
    }
    await this.#fenced(release, ['STAGED'], async (command) => {
      if (problem === undefined) {
        await updateReleaseStatus(command.tx, release.id, { status: 'READY' });
        await note(command, release, 'release.rehearsed', { status: 'READY' });
      } else {
        const reason = `The rehearsal failed: ${problem}`;
        await updateReleaseStatus(command.tx, release.id, { status: 'DRAFT', reason });
        await note(command, release, 'release.rehearsal-failed', { status: 'DRAFT' }, reason);
      }
    });
  }

  async #revert(release: ReleaseRow, databaseId: string): Promise<void> {
    const { migrations, migrator } = this.parts;
    const names = await migrator.revert(
      databaseId,
      release.id,
      await migrations.read(release.content.migrations),
    );
    await this.#fenced(release, ['ROLLING_BACK'], async (command) => {
      await command.tx.query(
        `update release_database set status = 'REVERTED', reverted_at = clock_timestamp()
         where release_id = $1 and database_id = $2`,
        [release.id, databaseId],
      );
      await note(command, release, 'release.database-reverted', { database: databaseId, migrations: names });
    });
  }

  /** An unexpected failure: try again later; a rollback that keeps failing is a person's to look at. */
  async #failed(release: ReleaseRow, error: unknown): Promise<void> {
    this.parts.logger.error({ err: error, release: release.id }, 'release step failed');
    await this.#fenced(release, undefined, async (command, current) => {
      const attempts = current.attempts + 1;
      if (current.status === 'ROLLING_BACK' && attempts >= maxRollbackAttempts) {
        const reason = `${current.status_reason ?? ''} The rollback failed: ${reasonOf(error)}`.trim();
        await updateReleaseStatus(command.tx, release.id, { status: 'FAILED', reason, finished: true });
        await note(command, release, 'release.failed', { status: 'FAILED' }, reason);
        return;
      }
      await command.tx.query(
        `update release set attempts = $2, lease_until = null,
           next_run_at = clock_timestamp() + $3 * interval '1 millisecond' where id = $1`,
        [release.id, attempts, Math.min(100 * 2 ** attempts, 10_000)],
      );
    }).catch((failure: unknown) => this.#unlessStopped(release, failure));
  }

  /** What could not even be recorded is tried again with the next decision. */
  #unlessStopped(release: ReleaseRow, error: unknown): void {
    if (error instanceof StopWork) return;
    this.parts.logger.error({ err: error, release: release.id }, 'a tenant could not be worked on');
  }

  async #renew(release: ReleaseRow): Promise<void> {
    await this.parts.database
      .transaction((tx) => renewLease(tx, release, this.#options.leaseMs))
      .catch((error: unknown) => this.parts.logger.warn({ err: error }, 'lease renewal failed'));
  }

  /**
   * A transaction that holds the release locked.
   * @throws StopWork if another process has it, or it is in none of the statuses.
   */
  async #fenced<T>(
    release: ReleaseRow,
    statuses: readonly ReleaseStatus[] | undefined,
    work: (command: Command, current: ReleaseRow) => Promise<T>,
  ): Promise<T> {
    return this.parts.commands.asSystem('reconciler:releases', async (command) => {
      const current = await lockRelease(command.tx, release.id);
      if (!current || current.fence !== release.fence) throw new StopWork('another process has the release');
      if (statuses && !statuses.includes(current.status))
        throw new StopWork(`the release is ${current.status}`);
      return work(command, current);
    });
  }

  async #prune(): Promise<void> {
    if (Date.now() - this.#prunedAt < hour) return;
    this.#prunedAt = Date.now();
    await this.parts.database.transaction((tx) => this.parts.kpiStore.prune(tx));
  }
}
