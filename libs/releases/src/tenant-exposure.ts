import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '#audit';
import { rowsOf, TierdeckError } from '#platform';
import { note, reasonOf } from './release-decisions.js';
import type { ReleaseFlags } from './release-flags.js';
import type { ReleaseMigrations, ReversibleMigration } from './release-migrations.js';
import { updateReleaseStatus, type ReleaseRow } from './releases.store.js';
import { StopWork } from './stop-work.js';
import type { TenantMigrator } from './tenant-migrator.js';

export interface ExposureOptions {
  /** Time that flags and reports need to travel; figures before it do not count, in milliseconds. */
  settleMs: number;
  maxAttempts: number;
}

/** A transaction that holds the release locked and is refused if it is not ours or not RUNNING any more. */
export type RunningTransaction = <T>(work: (command: Command) => Promise<T>) => Promise<T>;

interface TenantRow {
  slug: string;
  tenant_status: string;
  database_id: string;
  attempts: number;
}

/** Brings tenants of one claimed release to it: the database's schema first, then, at one stroke, the flags. */
export class TenantExposure {
  /** Tenants that share a database wait for the same migration. */
  readonly #databases = new Map<string, Promise<void>>();
  #migrations: Promise<ReversibleMigration[]> | undefined;

  constructor(
    private readonly release: ReleaseRow,
    private readonly flags: ReleaseFlags,
    private readonly files: ReleaseMigrations,
    private readonly migrator: TenantMigrator,
    private readonly running: RunningTransaction,
    private readonly options: ExposureOptions,
  ) {}

  /**
   * Exposes one tenant that is APPLYING. Repeated after a crash it goes on where it was; a failure is counted, and the
   * last one marks the tenant FAILED.
   * @throws StopWork if the release is no longer ours to run.
   */
  async expose(tenantId: string): Promise<void> {
    try {
      const row = await this.#row(tenantId);
      if (!row) return;
      if (row.tenant_status === 'MOVING') {
        await sleep(500);
        return;
      }
      await this.#migrate(row.database_id);
      await this.running((command) => this.#switch(command, tenantId, row.slug));
    } catch (error) {
      if (error instanceof StopWork) throw error;
      // A flag became financial meanwhile: that is nothing to try again, nor a reason to take back what was right.
      if (error instanceof TierdeckError && error.code === 'APPROVAL_NEEDED') await this.#pause(error);
      else await this.#failed(tenantId, error);
    }
  }

  async #row(tenantId: string): Promise<TenantRow | undefined> {
    return this.running(async (command) => {
      const [row] = await rowsOf<TenantRow>(
        command.tx,
        `select t.slug, t.status as tenant_status, r.database_id, r.attempts
         from release_tenant r join tenant t on t.id = r.tenant_id
         where r.release_id = $1 and r.tenant_id = $2 and r.status = 'APPLYING'`,
        [this.release.id, tenantId],
      );
      if (!row || !['OFFBOARDING', 'OFFBOARDED'].includes(row.tenant_status)) return row;
      // It leaves the platform: there is nothing to release to any more.
      await command.tx.query('delete from release_tenant where release_id = $1 and tenant_id = $2', [
        this.release.id,
        tenantId,
      ]);
      await note(command, this.release, 'release.tenant-left', { tenant: row.slug }, undefined, tenantId);
      return undefined;
    });
  }

  async #migrate(databaseId: string): Promise<void> {
    if (this.release.content.migrations.length === 0) return;
    let done = this.#databases.get(databaseId);
    if (!done) {
      done = this.#migrateDatabase(databaseId);
      this.#databases.set(databaseId, done);
      // The next attempt tries again.
      done.catch(() => this.#databases.delete(databaseId));
    }
    await done;
  }

  async #migrateDatabase(databaseId: string): Promise<void> {
    this.#migrations ??= this.files.read(this.release.content.migrations);
    const migrations = await this.#migrations;
    await this.migrator.apply(databaseId, this.release.id, migrations, () =>
      this.running(async () => undefined),
    );
    await this.running(async ({ tx }) => {
      await tx.query(
        `update release_database set status = 'APPLIED', applied_at = coalesce(applied_at, clock_timestamp())
         where release_id = $1 and database_id = $2`,
        [this.release.id, databaseId],
      );
    });
  }

  /** Flags, journal and audit in one transaction: a tenant is exposed as a whole or not at all. */
  async #switch(command: Command, tenantId: string, slug: string): Promise<void> {
    const [due] = await rowsOf(
      command.tx,
      `select from release_tenant where release_id = $1 and tenant_id = $2 and status = 'APPLYING' for update`,
      [this.release.id, tenantId],
    );
    if (!due) return;
    const before = await this.flags.expose(command, this.release, slug);
    await command.tx.query(
      `update release_tenant set status = 'EXPOSED', rules_before = $3, error = null, exposed_at = clock_timestamp(),
         figures_from = clock_timestamp() + $4 * interval '1 millisecond' where release_id = $1 and tenant_id = $2`,
      [this.release.id, tenantId, JSON.stringify(before), this.options.settleMs],
    );
    await note(
      command,
      this.release,
      'release.tenant-exposed',
      { tenant: slug, before },
      undefined,
      tenantId,
    );
  }

  async #pause({ message }: TierdeckError): Promise<void> {
    await this.running(async (command) => {
      await updateReleaseStatus(command.tx, this.release.id, { status: 'PAUSED', reason: message });
      await note(command, this.release, 'release.paused', { status: 'PAUSED' }, message);
    });
  }

  async #failed(tenantId: string, error: unknown): Promise<void> {
    const attempts = await this.running(async (command) => {
      const [row] = await rowsOf<{ attempts: number; status: string }>(
        command.tx,
        `update release_tenant set attempts = attempts + 1, error = $3,
           status = case when attempts + 1 >= $4 then 'FAILED' else status end
         where release_id = $1 and tenant_id = $2 and status = 'APPLYING' returning attempts, status`,
        [this.release.id, tenantId, reasonOf(error), this.options.maxAttempts],
      );
      if (row?.status === 'FAILED') {
        await note(command, this.release, 'release.tenant-failed', {}, reasonOf(error), tenantId);
      }
      return row?.attempts ?? 0;
    });
    if (attempts < this.options.maxAttempts) await sleep(Math.min(100 * 2 ** attempts, 5_000));
  }
}
