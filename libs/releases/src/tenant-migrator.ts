import type { Client } from 'pg';
import { migrationFailed, TierdeckError } from '#platform';
import type { ReversibleMigration } from './release-migrations.js';
import { schemaFingerprint } from './schema-fingerprint.js';
import { StopWork } from './stop-work.js';

/** What the migrator needs of the tenants' databases; the tenancy domain has it. */
export interface TenantDatabaseAccess {
  /** A connection that may change the schema; the caller ends it. */
  connect(databaseId: string): Promise<Client>;
  /** Runs `work` on a database cloned from the tenant template and drops it afterwards, also one left by a crash. */
  withScratch<T>(name: string, work: (client: Client) => Promise<T>): Promise<T>;
}

/** Any number that no other advisory lock of Tierdeck uses. */
export const ledgerLock = 7_415_014;

/** Longest a schema change waits for a lock: behind it, every query of the table would queue. */
const lockTimeoutMs = 3_000;

/**
 * Applies and takes back a release's migrations in the tenants' databases. The ledger stands in the database itself
 * (`schema_migration`, and `release_migration` for who applied it) and changes in the migration's own transaction, so a
 * killed process leaves a migration either done or not begun.
 */
export class TenantMigrator {
  constructor(private readonly databases: TenantDatabaseAccess) {}

  /**
   * Applies what the database lacks; any number of callers may do so at once.
   * @param confirm called under the ledger's lock before each migration; throws if the release must not go on. A holder
   *   that lost its lease can so never apply what the next one has taken back.
   * @returns the names applied now.
   */
  async apply(
    databaseId: string,
    releaseId: string,
    migrations: readonly ReversibleMigration[],
    confirm: () => Promise<void>,
  ): Promise<string[]> {
    return this.#connected(databaseId, (client) => applyAll(client, releaseId, migrations, confirm));
  }

  /** Takes back, newest first, what this very release applied; what another release applied stays. */
  async revert(
    databaseId: string,
    releaseId: string,
    migrations: readonly ReversibleMigration[],
  ): Promise<string[]> {
    return this.#connected(databaseId, (client) => revertAll(client, releaseId, migrations));
  }

  /**
   * Runs the migrations up, down and up again on a scratch database.
   * @throws TierdeckError MIGRATION_FAILED, or MIGRATION_NOT_REVERSIBLE if `down` does not restore the schema.
   */
  async rehearse(releaseId: string, migrations: readonly ReversibleMigration[]): Promise<void> {
    const scratch = `tierdeck_rehearsal_${releaseId.replaceAll('-', '').slice(0, 12)}`;
    await this.databases.withScratch(scratch, async (client) => {
      const before = await schemaFingerprint(client);
      await applyAll(client, releaseId, migrations);
      await revertAll(client, releaseId, migrations);
      if ((await schemaFingerprint(client)) !== before) {
        throw new TierdeckError(
          'MIGRATION_NOT_REVERSIBLE',
          `The schema differs after up and down of ${migrations.map(({ name }) => name).join(', ')}.`,
          409,
          { hint: 'Let "-- down" undo everything that the part above it does.' },
        );
      }
      await applyAll(client, releaseId, migrations);
    });
  }

  async #connected<T>(databaseId: string, work: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.databases.connect(databaseId);
    // The error also rejects the query under way; without a listener it would end the process.
    client.on('error', () => undefined);
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function applyAll(
  client: Client,
  releaseId: string,
  migrations: readonly ReversibleMigration[],
  confirm: () => Promise<void> = async () => undefined,
): Promise<string[]> {
  return eachLocked(client, migrations, async (migration) => {
    await confirm();
    const { rowCount } = await client.query('select from schema_migration where name = $1', [migration.name]);
    if (rowCount) return false;
    await client.query(migration.up);
    // The migration may have taken a role that must not write the ledger.
    await client.query('reset role');
    await client.query('insert into schema_migration (name, checksum) values ($1, $2)', [
      migration.name,
      migration.checksum,
    ]);
    await client.query('insert into release_migration (name, release_id) values ($1, $2)', [
      migration.name,
      releaseId,
    ]);
    return true;
  });
}

async function revertAll(
  client: Client,
  releaseId: string,
  migrations: readonly ReversibleMigration[],
): Promise<string[]> {
  return eachLocked(client, migrations.toReversed(), async (migration) => {
    const { rowCount } = await client.query(
      'delete from release_migration where name = $1 and release_id = $2',
      [migration.name, releaseId],
    );
    if (!rowCount) return false;
    await client.query('delete from schema_migration where name = $1', [migration.name]);
    await client.query(migration.down);
    return true;
  });
}

/** One transaction per migration, under the lock of the ledger. @returns the names for which `work` did something. */
async function eachLocked(
  client: Client,
  migrations: readonly ReversibleMigration[],
  work: (migration: ReversibleMigration) => Promise<boolean>,
): Promise<string[]> {
  const done: string[] = [];
  for (const migration of migrations) {
    await client.query('begin');
    try {
      await client.query('select pg_advisory_xact_lock($1)', [ledgerLock]);
      await client.query(
        `create table if not exists release_migration (
           name text primary key references schema_migration deferrable initially deferred, release_id uuid not null)`,
      );
      await client.query(`set local lock_timeout = ${lockTimeoutMs}`);
      if (await work(migration)) done.push(migration.name);
      await client.query('commit');
    } catch (cause) {
      await client.query('rollback').catch(() => undefined);
      if (cause instanceof StopWork) throw cause;
      throw migrationFailed(migration.name, cause as Error);
    }
  }
  return done;
}
