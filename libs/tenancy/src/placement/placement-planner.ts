import { Inject, Injectable } from '@nestjs/common';
import {
  CONFIGURATION,
  ConflictError,
  Database,
  NotFoundError,
  TierdeckError,
  type Configuration,
} from '#platform';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { DatabaseClusters } from '../databases/database-clusters.js';
import { TenantRowCounts } from '../databases/tenant-row-counts.js';
import { serverFlaws, sourceFlaws } from '../moves/move-checks.js';
import { otherMovesOn } from '../moves/move-room.js';
import type { Tenant } from '../tenant.js';
import { clusterProblems, respectsRegion, type Cluster } from './cluster.js';
import { ClustersReadModel } from './clusters.read-model.js';
import { planPlacement, type PlacementPlan, type PlacementWish } from './placement-plan.js';

/** Asks the databases what a change of placement would mean. */
@Injectable()
export class PlacementPlanner {
  constructor(
    private readonly database: Database,
    private readonly databases: TenantDatabases,
    private readonly clusters: ClustersReadModel,
    private readonly logins: DatabaseClusters,
    private readonly rowCounts: TenantRowCounts,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  async plan(tenant: Tenant, wish: PlacementWish): Promise<PlacementPlan> {
    const from = tenant.databaseId ? await this.clusters.ofDatabase(tenant.databaseId) : undefined;
    const to = await this.#target(wish, from);
    const moves =
      (wish.database ?? tenant.databasePlacement) !== tenant.databasePlacement || to?.name !== from?.name;
    return planPlacement(tenant, wish, {
      rows: (await this.rowCounts.of(tenant)) ?? 0,
      from,
      to,
      flaws: moves && tenant.databaseId && from && to ? await this.#flaws(tenant.databaseId, from, to) : [],
      undoSeconds: this.configuration.moveUndoSeconds,
      pace: this.configuration.movePacePercent / 100,
    });
  }

  /**
   * Asks the databases before a move is begun that they would refuse. One that does not answer is asked by the move.
   * @throws ConflictError MOVE_REFUSED with every reason.
   */
  async refuseUnsuited(tenant: Tenant, wish: PlacementWish): Promise<void> {
    if (tenant.status !== 'ACTIVE' || !tenant.databaseId) return;
    const from = await this.clusters.ofDatabase(tenant.databaseId);
    const to = await this.#target(wish, from);
    const placement = wish.database ?? tenant.databasePlacement;
    if (!to || (placement === tenant.databasePlacement && to.name === from.name)) return;
    // What needs no database to be seen is refused in the command.
    if (!respectsRegion(tenant, from, to) || clusterProblems(to, placement).length > 0) return;
    const flaws = await this.#flaws(tenant.databaseId, from, to).catch((error: unknown) => {
      if (error instanceof TierdeckError && error.code === 'TENANT_DATABASE_UNREACHABLE') return [];
      throw error;
    });
    if (flaws.length === 0) return;
    throw new ConflictError('MOVE_REFUSED', flaws.slice(0, 10).join(' '), {
      hint: 'Nothing was begun. Mend this, then move again.',
    });
  }

  async #target(wish: PlacementWish, from: Cluster | undefined): Promise<Cluster | undefined> {
    if (!wish.cluster) return from;
    return this.clusters.byName(wish.cluster).catch((error: unknown) => {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    });
  }

  async #flaws(sourceId: string, from: Cluster, to: Cluster): Promise<string[]> {
    const others = await otherMovesOn(this.database, from.name);
    const source = await this.databases.connect(sourceId);
    try {
      const flaws = await sourceFlaws(source, others);
      if (to.name !== from.name) flaws.push(...(await this.#targetFlaws(to)));
      return flaws;
    } finally {
      await source.end();
    }
  }

  /** Also how full the other server is. */
  async #targetFlaws(to: Cluster): Promise<string[]> {
    const others = await otherMovesOn(this.database, to.name);
    try {
      return await this.logins.asAdmin(to.name, 'postgres', async (client) => {
        const flaws = await serverFlaws(client, 'target', others);
        const { rows } = await client.query<{ bytes: string }>(
          'select sum(pg_database_size(oid)) as bytes from pg_database where datallowconn',
        );
        if (to.maxBytes !== null && Number(rows[0]?.bytes) >= to.maxBytes) {
          flaws.push(`Cluster "${to.name}" has used up its ${to.maxBytes} bytes.`);
        }
        return flaws;
      });
    } catch (error) {
      if (error instanceof TierdeckError && error.code === 'TENANT_DATABASE_UNREACHABLE') {
        return [`Cluster "${to.name}" cannot be reached.`];
      }
      throw error;
    }
  }
}
