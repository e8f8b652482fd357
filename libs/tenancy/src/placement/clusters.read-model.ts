import { Injectable } from '@nestjs/common';
import { Database, NotFoundError, rowsOf, type Transaction } from '#platform';
import type { Cluster, ClusterStatus } from './cluster.js';

interface ClusterRow {
  name: string;
  region: string;
  host: string;
  port: number;
  status: ClusterStatus;
  pooled: boolean;
  dedicated: boolean;
  max_databases: number | null;
  max_bytes: string | null;
  databases: number;
  tenants: number;
  pooled_tenant_cost: string | null;
  dedicated_database_cost: string | null;
  dedicated_worker_cost: string | null;
}

/** Clusters as they are shown and chosen from. */
@Injectable()
export class ClustersReadModel {
  constructor(private readonly database: Database) {}

  async all(tx: Transaction = this.database.source.manager): Promise<Cluster[]> {
    const rows = await rowsOf<ClusterRow>(
      tx,
      `select c.*,
         (select count(*)::int from tenant_database d where d.cluster = c.name) as databases,
         (select count(*)::int from tenant t join tenant_database d on d.id = t.database_id
           where d.cluster = c.name) as tenants
       from database_cluster c order by c.name limit 1000`,
    );
    return rows.map((row) => ({
      name: row.name,
      region: row.region,
      host: row.host,
      port: row.port,
      status: row.status,
      pooled: row.pooled,
      dedicated: row.dedicated,
      maxDatabases: row.max_databases,
      maxBytes: numberOf(row.max_bytes),
      databases: row.databases,
      tenants: row.tenants,
      pooledTenantCost: numberOf(row.pooled_tenant_cost),
      dedicatedDatabaseCost: numberOf(row.dedicated_database_cost),
      dedicatedWorkerCost: numberOf(row.dedicated_worker_cost),
    }));
  }

  /** @throws NotFoundError CLUSTER_NOT_FOUND */
  async byName(name: string, tx?: Transaction): Promise<Cluster> {
    const cluster = (await this.all(tx)).find((one) => one.name === name);
    if (!cluster)
      throw new NotFoundError('cluster', name, { field: 'cluster', hint: 'tierdeck cluster list' });
    return cluster;
  }

  /** The cluster on which a database is. */
  async ofDatabase(databaseId: string, tx: Transaction = this.database.source.manager): Promise<Cluster> {
    const [row] = await rowsOf<{ cluster: string }>(tx, 'select cluster from tenant_database where id = $1', [
      databaseId,
    ]);
    return this.byName(row?.cluster ?? '', tx);
  }
}

/** PostgreSQL's numeric and bigint come as text. */
function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}
