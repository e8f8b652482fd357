import { Inject, Injectable } from '@nestjs/common';
import { Commands } from '#audit';
import { StepFailed, type OperationKind, type StepContext } from '#operations';
import { CONFIGURATION, type Configuration } from '#platform';
import { DatabaseClusters } from '../databases/database-clusters.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { TenantSchema } from '../databases/tenant-schema.js';
import type { FleetDatabase, MigrationOutcome } from './fleet-database.js';
import { FleetStore } from './fleet.store.js';
import { migrateDatabases } from './migrate-databases.js';

export const MIGRATE_FLEET = 'fleet.migrate';

/** Outcomes that come within this time are written down together, in milliseconds. */
const gatherMs = 250;
/** Failures that the message names; the others stand in the list. */
const named = 5;

/**
 * Brings the schema of every tenant database to this version: templates and pooled databases first, so that what is
 * made meanwhile is new already, then all others side by side. A failure is the failure of one database.
 */
@Injectable()
export class MigrateFleetOperation implements OperationKind {
  readonly kind = MIGRATE_FLEET;

  readonly steps = [
    {
      name: 'prepare-clusters',
      title: 'Bring templates and pooled databases to the newest version',
      perform: (context: StepContext) => this.#prepare(context),
    },
    {
      name: 'migrate-databases',
      title: 'Migrate the databases that are behind',
      perform: (context: StepContext) => this.#migrate(context),
    },
  ];

  constructor(
    private readonly commands: Commands,
    private readonly clusters: DatabaseClusters,
    private readonly databases: TenantDatabases,
    private readonly schema: TenantSchema,
    private readonly store: FleetStore,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** A cluster that cannot be prepared fails with its pooled database below, where the others go on. */
  async #prepare(context: StepContext): Promise<void> {
    const behind = await this.#behind(context);
    for (const { cluster, kind } of behind) {
      if (kind === 'POOLED') await this.databases.prepareCluster(cluster).catch(() => undefined);
    }
  }

  async #migrate(context: StepContext): Promise<void> {
    const behind = await this.#behind(context);
    const { clusters, schema, configuration } = this;
    const failed: MigrationOutcome[] = [];
    let gathered: MigrationOutcome[] = [];
    let done = 0;
    let toldAt = Date.now();
    const tell = async (): Promise<void> => {
      await this.#record(context, gathered);
      gathered = [];
      toldAt = Date.now();
      await context.progress({ done, total: behind.length, unit: 'databases' });
    };
    for await (const outcome of migrateDatabases(behind, configuration.fleetWidth, { clusters, schema })) {
      done++;
      gathered.push(outcome);
      if (outcome.error !== undefined) failed.push(outcome);
      if (Date.now() - toldAt >= gatherMs) await tell();
    }
    if (gathered.length > 0) await tell();
    refuseFailures(failed, behind.length);
  }

  #behind({ input }: StepContext): Promise<FleetDatabase[]> {
    return this.store.behind(input['databases'] as string[] | undefined);
  }

  async #record(context: StepContext, outcomes: readonly MigrationOutcome[]): Promise<void> {
    const { name: version } = await this.schema.version();
    await this.commands.asSystem(`reconciler:${this.kind}`, async (command) => {
      await this.store.record(command.tx, outcomes);
      await command.record({
        area: 'operations',
        action: 'fleet.migrated',
        subject: 'fleet',
        correlation: `operation/${context.operationId}`,
        after: {
          version,
          migrated: outcomes.filter(({ error }) => error === undefined).map(nameOf),
          failed: outcomes
            .filter(({ error }) => error !== undefined)
            .map((outcome) => ({ database: nameOf(outcome), error: outcome.error })),
        },
      });
    });
  }
}

/** @throws StepFailed FLEET_MIGRATION_FAILED that names databases and reasons. */
function refuseFailures(failed: readonly MigrationOutcome[], all: number): void {
  if (failed.length === 0) return;
  const reasons = failed.slice(0, named).map((outcome) => `${nameOf(outcome)}: ${outcome.error}`);
  const more = failed.length > named ? `; and ${failed.length - named} more` : '';
  throw new StepFailed(
    'FLEET_MIGRATION_FAILED',
    `${failed.length} of ${all} database(s) could not be migrated: ${reasons.join('; ')}${more}`,
    500,
    { hint: 'See "tierdeck fleet status --failed", mend the cause, then "tierdeck fleet retry <database>".' },
  );
}

function nameOf({ database }: MigrationOutcome): string {
  return `${database.cluster}/${database.name}`;
}
