import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { ConflictError, InvalidInputError, SecretBox, TierdeckError } from '#platform';
import { connectTo } from '../databases/database-clusters.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { serverFlaws } from '../moves/move-checks.js';
import type { Cluster } from './cluster.js';
import { ClustersReadModel } from './clusters.read-model.js';

/** Rate card and room of a cluster. What is absent stays as it is; null takes a bound or a price away. */
export interface ClusterTerms {
  pooled?: boolean | null;
  dedicated?: boolean | null;
  maxDatabases?: number | null;
  maxBytes?: number | null;
  pooledTenantCost?: number | null;
  dedicatedDatabaseCost?: number | null;
  dedicatedWorkerCost?: number | null;
}

export interface NewCluster extends ClusterTerms {
  name: string;
  region: string;
  host: string;
  port: number;
  adminUser: string;
  adminPassword: string;
}

const columns: Record<keyof ClusterTerms, string> = {
  pooled: 'pooled',
  dedicated: 'dedicated',
  maxDatabases: 'max_databases',
  maxBytes: 'max_bytes',
  pooledTenantCost: 'pooled_tenant_cost',
  dedicatedDatabaseCost: 'dedicated_database_cost',
  dedicatedWorkerCost: 'dedicated_worker_cost',
};

/** Most a rate card or a bound may say. */
const largest = { maxDatabases: 100_000, maxBytes: 2 ** 50, cost: 9_999_999_999 };

/** Commands on the servers on which tenants are placed. */
@Injectable()
export class ClustersService {
  constructor(
    private readonly clusters: ClustersReadModel,
    private readonly databases: TenantDatabases,
    private readonly secrets: SecretBox,
  ) {}

  /**
   * Looks at a server before anything is written down. @throws InvalidInputError for a malformed field, TierdeckError
   * TENANT_DATABASE_UNREACHABLE, CLUSTER_NOT_SUITABLE with what the server lacks.
   */
  async check(cluster: NewCluster): Promise<void> {
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(cluster.name)) {
      throw new InvalidInputError('name must have 1 to 31 small letters, digits or dashes.', {
        field: 'name',
      });
    }
    for (const field of ['region', 'host', 'adminUser', 'adminPassword'] as const) {
      if (cluster[field].length < 1 || cluster[field].length > 255) {
        throw new InvalidInputError(`${field} must have 1 to 255 characters.`, { field });
      }
    }
    if (!Number.isInteger(cluster.port) || cluster.port < 1 || cluster.port > 65_535) {
      throw new InvalidInputError('port must be 1 to 65535.', { field: 'port' });
    }
    checkTerms(cluster);
    const { host, port, adminUser: user, adminPassword: password } = cluster;
    const client = await connectTo({ host, port, database: 'postgres', user, password });
    try {
      const flaws = await serverFlaws(client, 'cluster');
      const { rows } = await client.query<{ super: boolean }>(
        'select rolsuper as super from pg_roles where rolname = current_user',
      );
      if (!rows[0]?.super) flaws.push('Its user is no superuser.');
      if (flaws.length > 0)
        throw new TierdeckError('CLUSTER_NOT_SUITABLE', flaws.join(' '), 422, { field: 'host' });
    } finally {
      await client.end();
    }
  }

  /** Writes a cluster down that was looked at; it takes tenants once {@link open} has made its databases ready. */
  async register(command: Command, cluster: NewCluster): Promise<void> {
    const fresh = (await command.tx.query(
      `insert into database_cluster (name, region, host, port, admin_user, admin_password_sealed, status)
       values ($1, $2, $3, $4, $5, $6, 'PREPARING')
       on conflict (name) do update set region = $2, host = $3, port = $4, admin_user = $5, admin_password_sealed = $6
         where database_cluster.status = 'PREPARING'
       returning name`,
      [
        cluster.name,
        cluster.region,
        cluster.host,
        cluster.port,
        cluster.adminUser,
        this.secrets.seal(cluster.adminPassword),
      ],
    )) as unknown[];
    if (fresh.length === 0) {
      throw new ConflictError('CLUSTER_NAME_TAKEN', `There is already a cluster "${cluster.name}".`, {
        field: 'name',
      });
    }
    await this.#setTerms(command, cluster.name, cluster);
    const { region, host, port, adminUser } = cluster;
    await command.record({
      area: 'tenancy',
      action: 'cluster.registered',
      subject: `cluster/${cluster.name}`,
      after: { region, host, port, adminUser, ...termsOf(cluster) },
    });
  }

  /** Makes template and pooled database of a registered cluster; repeated, it ends the same. */
  async open(name: string): Promise<void> {
    await this.databases.ensurePool(name);
  }

  async opened(command: Command, name: string): Promise<void> {
    await command.tx.query(`update database_cluster set status = 'ACTIVE' where name = $1`, [name]);
    const after = { status: 'ACTIVE' };
    await command.record({ area: 'tenancy', action: 'cluster.opened', subject: `cluster/${name}`, after });
  }

  async update(command: Command, name: string, terms: ClusterTerms): Promise<void> {
    checkTerms(terms);
    const before = termsOf(await this.clusters.byName(name, command.tx));
    await this.#setTerms(command, name, terms);
    const after = { ...before, ...termsOf(terms) };
    await command.record({
      area: 'tenancy',
      action: 'cluster.updated',
      subject: `cluster/${name}`,
      before,
      after,
    });
  }

  /** Takes no tenant any more; those that are there stay. */
  async retire(command: Command, name: string): Promise<void> {
    const { status } = await this.clusters.byName(name, command.tx);
    await command.tx.query(`update database_cluster set status = 'RETIRED' where name = $1`, [name]);
    await command.record({
      area: 'tenancy',
      action: 'cluster.retired',
      subject: `cluster/${name}`,
      before: { status },
      after: { status: 'RETIRED' },
    });
  }

  async #setTerms(command: Command, name: string, terms: ClusterTerms): Promise<void> {
    for (const [field, value] of Object.entries(termsOf(terms))) {
      const column = columns[field as keyof ClusterTerms];
      await command.tx.query(`update database_cluster set ${column} = $2 where name = $1`, [name, value]);
    }
  }
}

/** The terms that are said; whether a cluster takes tenants can be said, but not taken away. */
function termsOf(terms: ClusterTerms | Cluster): ClusterTerms {
  return Object.fromEntries(
    Object.keys(columns)
      .map((field) => [field, terms[field as keyof ClusterTerms]] as const)
      .filter(([field, value]) => value !== undefined && (value !== null || !isSwitch(field))),
  );
}

function isSwitch(field: string): boolean {
  return field === 'pooled' || field === 'dedicated';
}

function checkTerms(terms: ClusterTerms): void {
  for (const [field, value] of Object.entries(termsOf(terms))) {
    if (typeof value !== 'number') continue;
    const most =
      field === 'maxDatabases'
        ? largest.maxDatabases
        : field === 'maxBytes'
          ? largest.maxBytes
          : largest.cost;
    const least = field.startsWith('max') ? 1 : 0;
    if (
      !Number.isFinite(value) ||
      value < least ||
      value > most ||
      (least === 1 && !Number.isInteger(value))
    ) {
      throw new InvalidInputError(`${field} must be between ${least} and ${most}.`, { field });
    }
  }
}
