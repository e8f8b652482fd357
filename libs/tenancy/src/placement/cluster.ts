import type { Placement } from '../tenant.js';

export type ClusterStatus = 'PREPARING' | 'ACTIVE' | 'RETIRED';

/** A database server on which tenants may be placed, with its rate card; never its way in. */
export interface Cluster {
  name: string;
  region: string;
  host: string;
  port: number;
  status: ClusterStatus;
  /** Takes tenants into its pooled database. */
  pooled: boolean;
  /** Takes databases of a tenant's own. */
  dedicated: boolean;
  /** Room; null: no bound. */
  maxDatabases: number | null;
  maxBytes: number | null;
  /** Tenant databases there are, and tenants in them. */
  databases: number;
  tenants: number;
  /** The rate card: per month, in the one currency of the installation; null: nobody has said. */
  pooledTenantCost: number | null;
  dedicatedDatabaseCost: number | null;
  dedicatedWorkerCost: number | null;
}

/**
 * What a tenant costs a month by the rate card of the cluster that holds its database.
 * @returns null if the rate card does not say what is needed.
 */
export function monthlyCost(
  cluster: Pick<Cluster, 'pooledTenantCost' | 'dedicatedDatabaseCost' | 'dedicatedWorkerCost'>,
  database: Placement,
  workers: Placement,
): number | null {
  const home = database === 'DEDICATED' ? cluster.dedicatedDatabaseCost : cluster.pooledTenantCost;
  const work = workers === 'DEDICATED' ? cluster.dedicatedWorkerCost : 0;
  return home === null || work === null ? null : home + work;
}

/**
 * Whether a tenant's rows may go to a cluster. Rows stay in the region where they are, or go to the tenant's own region;
 * within one cluster they leave no region.
 */
export function respectsRegion(
  tenant: { region: string | null },
  from: Pick<Cluster, 'name' | 'region'>,
  to: Pick<Cluster, 'name' | 'region'>,
): boolean {
  return from.name === to.name || to.region === (tenant.region ?? from.region);
}

/** Why a database cannot be placed on a cluster; a sentence each, with the code of the first. */
export function clusterProblems(cluster: Cluster, placement: Placement): { code: string; message: string }[] {
  const problems: { code: string; message: string }[] = [];
  const add = (code: string, message: string): void => void problems.push({ code, message });
  if (cluster.status !== 'ACTIVE') {
    add('CLUSTER_NOT_ACTIVE', `Cluster "${cluster.name}" is ${cluster.status} and takes no tenant.`);
  }
  if (placement === 'DEDICATED' && !cluster.dedicated) {
    add('CLUSTER_NOT_SUITABLE', `Cluster "${cluster.name}" takes no dedicated databases.`);
  }
  if (placement === 'SHARED' && !cluster.pooled) {
    add('CLUSTER_NOT_SUITABLE', `Cluster "${cluster.name}" takes no tenants into a pooled database.`);
  }
  if (
    placement === 'DEDICATED' &&
    cluster.maxDatabases !== null &&
    cluster.databases >= cluster.maxDatabases
  ) {
    add(
      'CLUSTER_FULL',
      `Cluster "${cluster.name}" has ${cluster.databases} of ${cluster.maxDatabases} databases.`,
    );
  }
  return problems;
}
