import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, NotFoundError, TierdeckError, type Configuration } from '#platform';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { DatabaseClusters } from '../databases/database-clusters.js';
import { TenantRowCounts } from '../databases/tenant-row-counts.js';
import { serverFlaws, sourceFlaws } from '../moves/move-checks.js';
import type { Tenant } from '../tenant.js';
import type { Cluster } from './cluster.js';
import { ClustersReadModel } from './clusters.read-model.js';
import { planPlacement, type PlacementPlan, type PlacementWish } from './placement-plan.js';

/** Asks the databases what a change of placement would mean. */
@Injectable()
export class PlacementPlanner {
  constructor(
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

  async #target(wish: PlacementWish, from: Cluster | undefined): Promise<Cluster | undefined> {
    if (!wish.cluster) return from;
    return this.clusters.byName(wish.cluster).catch((error: unknown) => {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    });
  }

  async #flaws(sourceId: string, from: Cluster, to: Cluster): Promise<string[]> {
    const source = await this.databases.connect(sourceId);
    try {
      const flaws = await sourceFlaws(source);
      if (to.name !== from.name) flaws.push(...(await this.#targetFlaws(to)));
      return flaws;
    } finally {
      await source.end();
    }
  }

  /** Also how full the other server is. */
  async #targetFlaws(to: Cluster): Promise<string[]> {
    try {
      return await this.logins.asAdmin(to.name, 'postgres', async (client) => {
        const flaws = await serverFlaws(client, 'target');
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
