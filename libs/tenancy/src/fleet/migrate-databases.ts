import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { postgresCode } from '#platform';
import type { DatabaseClusters } from '../databases/database-clusters.js';
import type { TenantSchema } from '../databases/tenant-schema.js';
import type { FleetDatabase, MigrationOutcome } from './fleet-database.js';

/** A table that was busy may be free a little later. */
const tries = 3;
const lockNotAvailable = '55P03';
/** Characters kept of a reason. */
const longestError = 500;

/**
 * Brings databases to the newest base migration, a number of them at once, each with its ledger in the migration's own
 * transaction. One that fails does not hold up the others.
 * @yields outcomes as they come about.
 */
export async function* migrateDatabases(
  databases: readonly FleetDatabase[],
  width: number,
  tools: { clusters: DatabaseClusters; schema: TenantSchema; pauseMs?: number },
): AsyncGenerator<MigrationOutcome> {
  const waiting = databases.values();
  const under = new Map<FleetDatabase, Promise<MigrationOutcome>>();
  const fill = (): void => {
    while (under.size < width) {
      const { value: database, done } = waiting.next();
      if (done) return;
      under.set(database, migrateOne(database, tools));
    }
  };
  try {
    for (fill(); under.size > 0; fill()) {
      const outcome = await Promise.race(under.values());
      under.delete(outcome.database);
      yield outcome;
    }
  } finally {
    await Promise.all(under.values());
  }
}

async function migrateOne(
  database: FleetDatabase,
  { clusters, schema, pauseMs = 1_000 }: Parameters<typeof migrateDatabases>[2],
): Promise<MigrationOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      const applied = await clusters.asAdmin(database.cluster, database.name, (client: pg.Client) =>
        schema.bringForward(client),
      );
      return { database, applied };
    } catch (error) {
      const cause = (error as { cause?: unknown }).cause;
      if (postgresCode(cause) !== lockNotAvailable || attempt >= tries) {
        return { database, error: (error as Error).message.slice(0, longestError) };
      }
      await sleep(pauseMs * attempt);
    }
  }
}
