import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import type { Command } from '#audit';
import { StepFailed, type OperationStep, type StepContext, type StepOutcome } from '#operations';
import { recordStep } from '../record-step.js';
import type { Placement } from '../tenant.js';
import { updateTenant } from '../tenants.store.js';
import { DatabaseClusters } from './database-clusters.js';
import { DatabaseProvisioner } from './database-provisioner.js';
import { inspectIsolation } from './isolation-check.js';
import { TenantDatabases } from './tenant-databases.js';

/** What the operation's input says about the place of its tenant. */
interface PlaceInput {
  slug: string;
  region: string | null;
  database: Placement;
}

/** How a new tenant comes to its database, whether it is onboarded or made of an archive. */
@Injectable()
export class NewTenantDatabase {
  /** The first two steps; the tenant has its `database_id` after them. */
  readonly steps: readonly OperationStep[] = [
    {
      name: 'reserve-database',
      title: 'Reserve a place for the data',
      record: (command, context) => this.#reserve(command, context),
    },
    {
      name: 'create-database',
      title: 'Create database and login role',
      needed: ({ state }) => state['housed'] !== true,
      perform: (context) => this.#create(context),
      record: (command, context) => this.#assign(command, context),
    },
  ];

  constructor(
    private readonly clusters: DatabaseClusters,
    private readonly databases: TenantDatabases,
    private readonly provisioner: DatabaseProvisioner,
  ) {}

  /**
   * Runs `work` as the superuser in the database, given the tables that hold tenants' rows.
   * @throws StepFailed ISOLATION_BROKEN with what does not keep tenants apart there.
   */
  async verified<T>(
    databaseId: string,
    work: (client: pg.Client, tables: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const { role, cluster, database, kind } = await this.databases.login(databaseId);
    const verify = async (client: pg.Client): Promise<T> => {
      const { flaws, tables } = await inspectIsolation(client, role);
      if (flaws.length > 0) {
        throw new StepFailed('ISOLATION_BROKEN', flaws.join(' '), 500, {
          hint: 'Mend the database, then: tierdeck operation retry <id>',
        });
      }
      return work(client, tables);
    };
    // One tenant after the other comes to the pool; nobody but this one to its own database.
    return kind === 'POOLED'
      ? this.clusters.asKeptAdmin(cluster, database, verify)
      : this.clusters.asAdmin(cluster, database, verify);
  }

  /** The pool is there: who shares it has a home from now on. */
  async #reserve(command: Command, context: StepContext): Promise<StepOutcome> {
    const { slug, region, database } = context.input as unknown as PlaceInput;
    const { names } = this.provisioner;
    const dedicated = database === 'DEDICATED';
    const cluster = await this.clusters.placementFor(region, command.tx);
    const name = dedicated ? names.dedicated(slug) : names.pool;
    const id = await this.databases.reserve(command, cluster, name, dedicated ? 'DEDICATED' : 'POOLED');
    const place = { cluster, database: name };
    if (dedicated) return place;
    await house(command, context, id, place);
    return { ...place, housed: true };
  }

  async #create(context: StepContext): Promise<void> {
    const { cluster, database } = placeOf(context);
    const { id, kind } = await this.databases.byName(cluster, database);
    if (kind === 'DEDICATED') await this.databases.createDedicated(id);
  }

  async #assign(command: Command, context: StepContext): Promise<void> {
    const place = placeOf(context);
    const { id } = await this.databases.byName(place.cluster, place.database);
    await house(command, context, id, place);
  }
}

interface Place {
  cluster: string;
  database: string;
}

function placeOf({ state }: StepContext): Place {
  return { cluster: String(state['cluster']), database: String(state['database']) };
}

async function house(command: Command, context: StepContext, id: string, place: Place): Promise<void> {
  const { tenantId } = context;
  if (!tenantId) throw new StepFailed('TENANT_MISSING', 'The operation names no tenant.', 500);
  await updateTenant(command.tx, tenantId, { database_id: id });
  await recordStep(command, context, 'tenant.database-ready', undefined, place);
}
