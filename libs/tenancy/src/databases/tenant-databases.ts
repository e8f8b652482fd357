import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { escapeIdentifier } from 'pg';
import type pg from 'pg';
import type { Command } from '#audit';
import { Commands } from '#audit';
import { Database, NotFoundError, randomSecret, rowsOf, SecretBox, type Transaction } from '#platform';
import type { DatabaseSnapshot, TenantSnapshot } from '#runtime/wire';
import { isolationTier, type Placement, type TenantStatus } from '../tenant.js';
import { connectTo, DatabaseClusters, type ClusterLogin } from './database-clusters.js';
import { DatabaseProvisioner, type ServiceLogin } from './database-provisioner.js';
import { takePrepared } from './prepared-databases.js';
import { TenantSchema } from './tenant-schema.js';

export interface TenantDatabase {
  id: string;
  cluster: string;
  name: string;
  kind: 'POOLED' | 'DEDICATED';
  loginRole: string;
  /** Tenants whose rows it holds. */
  tenantIds: string[];
}

/** The tenancy's share of the runtime snapshot; limits and weight, which follow from the plan, are the quotas' domain. */
export interface TenancySnapshot {
  tenants: (Omit<TenantSnapshot, 'quotas' | 'weight'> & { plan: string })[];
  databases: DatabaseSnapshot[];
}

interface DatabaseRow {
  id: string;
  cluster: string;
  name: string;
  kind: 'POOLED' | 'DEDICATED';
  login_role: string;
  login_password_sealed: string;
  prepared_as: string | null;
}

const served: Partial<Record<TenantStatus, 'ACTIVE' | 'MOVING'>> = { ACTIVE: 'ACTIVE', MOVING: 'MOVING' };

/** What the runtime sends ahead of each statement: the tenant, and the role that has the rights. */
const beginAs = `select set_config('tierdeck.tenant_id', $1, true), set_config('role', 'tierdeck_service', true)`;

/** Which databases there are, who lives in them, and the ways in. */
@Injectable()
export class TenantDatabases {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly secrets: SecretBox,
    private readonly clusters: DatabaseClusters,
    private readonly provisioner: DatabaseProvisioner,
    private readonly schema: TenantSchema,
  ) {}

  /** Registers a cluster and makes its pooled database and template, or brings them to the newest migration. */
  async ensureCluster(cluster: ClusterLogin): Promise<void> {
    await this.#closeControlPlane();
    await this.clusters.register(cluster);
    await this.ensurePool(cluster.name);
  }

  /** Makes template and pooled database of a cluster that is registered. */
  async ensurePool(cluster: string): Promise<void> {
    const { pool } = this.provisioner.names;
    await this.commands.asSystem('start', (command) => this.reserve(command, cluster, pool, 'POOLED'));
    await this.prepareCluster(cluster);
  }

  /** Brings template and pooled database of a known cluster to the newest migration. */
  async prepareCluster(cluster: string): Promise<void> {
    const row = await this.#rowOf(cluster, this.provisioner.names.pool);
    await this.provisioner.prepareCluster(cluster, this.#loginOf(row));
    await this.#markMigrated(row.id);
  }

  /**
   * Writes down a database that shall exist, with a new password for its role, before anything of it is made: so a
   * repeated provisioning uses the same name and password. One that is written down already stays as it is.
   * @returns its id.
   */
  async reserve(
    command: Command,
    cluster: string,
    name: string,
    kind: 'POOLED' | 'DEDICATED',
  ): Promise<string> {
    const known = await idOf(command.tx, cluster, name);
    if (known) return known;
    const preparedAs = kind === 'DEDICATED' ? await takePrepared(command.tx, cluster) : null;
    const [fresh] = await rowsOf<{ id: string }>(
      command.tx,
      `insert into tenant_database (id, cluster, name, kind, login_role, login_password_sealed, prepared_as)
       values ($1, $2, $3, $4, $3, $5, $6) on conflict (cluster, name) do nothing returning id`,
      [randomUUID(), cluster, name, kind, this.secrets.seal(randomSecret()), preparedAs],
    );
    // Somebody else has written it down meanwhile.
    if (!fresh) return (await idOf(command.tx, cluster, name)) as string;
    await command.record({
      area: 'tenancy',
      action: 'database.reserved',
      subject: `database/${cluster}/${name}`,
      after: { kind, ...(preparedAs === null ? {} : { preparedAs }) },
    });
    return fresh.id;
  }

  /** Makes a tenant's own database and its login, as they were reserved. */
  async createDedicated(databaseId: string): Promise<void> {
    const { cluster, ...login } = await this.login(databaseId);
    await this.provisioner.createDedicated(cluster, login);
    await this.#markMigrated(databaseId);
  }

  /** Every database that holds tenants or may come to. */
  async databases(): Promise<TenantDatabase[]> {
    const rows = await this.database.query<DatabaseRow & { tenant_ids: string[] }>(
      `select d.*, array(select t.id from tenant t where t.database_id = d.id order by t.slug) as tenant_ids
       from tenant_database d order by d.cluster, d.name`,
    );
    return rows.map((row) => ({ ...toDatabase(row), tenantIds: row.tenant_ids }));
  }

  /** @throws NotFoundError DATABASE_NOT_FOUND */
  async byName(cluster: string, name: string): Promise<TenantDatabase> {
    return toDatabase(await this.#rowOf(cluster, name));
  }

  /** @returns in the order of the ids, for data loaders. */
  async byIds(ids: readonly string[]): Promise<(TenantDatabase | undefined)[]> {
    const rows = await this.database.query<DatabaseRow>('select * from tenant_database where id = any($1)', [
      ids,
    ]);
    const byId = new Map(rows.map((row) => [row.id, toDatabase(row)]));
    return ids.map((id) => byId.get(id));
  }

  /** A connection of the superuser, to provision and to migrate; row-level security does not bind it. */
  async connect(databaseId: string): Promise<pg.Client> {
    const row = await this.#row(databaseId);
    return this.clusters.connectAdmin(row.cluster, row.name);
  }

  /** Runs `work` as the superuser in a throw-away clone of the template, e.g. to rehearse a migration. */
  async withScratch<T>(name: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    return this.provisioner.withScratch(await this.clusters.placementFor(null), name, work);
  }

  /** A connection of the login role that the data plane uses; it sees no row until a tenant is set. */
  async connectAsService(databaseId: string): Promise<pg.Client> {
    const row = await this.#row(databaseId);
    const { host, port } = await this.clusters.login(row.cluster);
    const { database, role, password } = this.#loginOf(row);
    return connectTo({ host, port, database, user: role, password });
  }

  /** Runs `work` in one transaction of the service's role with the tenant set. */
  async withTenant<T>(
    tenant: { id: string; databaseId: string },
    work: (client: pg.Client) => Promise<T>,
  ): Promise<T> {
    const client = await this.connectAsService(tenant.databaseId);
    try {
      await client.query('begin');
      await client.query(beginAs, [tenant.id]);
      const result = await work(client);
      await client.query('commit');
      return result;
    } finally {
      await client.end();
    }
  }

  /** Name, role and password of a database, for the provisioner. */
  async login(databaseId: string): Promise<ServiceLogin & Pick<TenantDatabase, 'cluster' | 'kind'>> {
    const { cluster, kind, ...row } = await this.#row(databaseId);
    return { ...this.#loginOf(row), cluster, kind };
  }

  /**
   * What data-plane instances need to reach the tenants' rows. Read it in one REPEATABLE READ transaction together
   * with the revision, so that both belong together.
   */
  async snapshot(tx: Transaction = this.database.source.manager): Promise<TenancySnapshot> {
    const tenants = await rowsOf<SnapshotTenantRow>(
      tx,
      `select t.*, array(select k.secret_hash from tenant_token k
                         where k.tenant_id = t.id and k.revoked_at is null order by k.secret_hash) as token_hashes
       from tenant t where t.database_id is not null and t.status not in ('OFFBOARDING', 'OFFBOARDED') order by t.slug`,
    );
    const databases = await rowsOf<DatabaseRow & { host: string; port: number }>(
      tx,
      `select d.*, c.host, c.port from tenant_database d join database_cluster c on c.name = d.cluster
       where exists (select 1 from tenant t where d.id in (t.database_id, t.standby_database_id)) order by d.id`,
    );
    return {
      tenants: tenants.map((row) => ({
        id: row.id,
        slug: row.slug,
        name: row.name,
        plan: row.plan,
        status: served[row.status] ?? 'SUSPENDED',
        ...(row.status === 'SUSPENDED' && row.suspension === 'READ_ONLY' ? { readOnly: true } : {}),
        tier: isolationTier(row.database_placement, row.worker_placement),
        region: row.region,
        databaseId: row.database_id,
        standbyDatabaseId: row.standby_database_id,
        integrationWorkers: row.worker_placement,
        tokenHashes: row.token_hashes,
      })),
      databases: databases.map((row) => {
        const { database, role, password } = this.#loginOf(row);
        return { id: row.id, kind: row.kind, host: row.host, port: row.port, database, user: role, password };
      }),
    };
  }

  async #markMigrated(id: string): Promise<void> {
    const { digest, name } = await this.schema.version();
    // Known already at most starts: nothing is written then.
    await this.database.query(
      `update tenant_database set schema_digest = $2, schema_version = $3, migration_error = null, migrated_at = now()
       where id = $1 and schema_digest is distinct from $2`,
      [id, digest, name],
    );
  }

  /** By default every role of a server may connect to every database: a tenant's could look at our catalogue. */
  async #closeControlPlane(): Promise<void> {
    const [own] = await this.database.query<{ name: string; open: boolean }>(
      `select current_database() as name, has_database_privilege('public', current_database(), 'CONNECT') as open`,
    );
    if (own?.open) {
      await this.database.query(
        `revoke connect, temporary on database ${escapeIdentifier(own.name)} from public`,
      );
    }
  }

  #loginOf(row: Omit<DatabaseRow, 'cluster' | 'kind'>): ServiceLogin {
    return {
      database: row.name,
      role: row.login_role,
      password: this.secrets.open(row.login_password_sealed),
      ...(row.prepared_as === null ? {} : { preparedAs: row.prepared_as }),
    };
  }

  async #row(id: string): Promise<DatabaseRow> {
    const [row] = await this.database.query<DatabaseRow>('select * from tenant_database where id = $1', [id]);
    if (!row) throw new NotFoundError('database', id);
    return row;
  }

  async #rowOf(cluster: string, name: string): Promise<DatabaseRow> {
    const [row] = await this.database.query<DatabaseRow>(
      'select * from tenant_database where cluster = $1 and name = $2',
      [cluster, name],
    );
    if (!row) throw new NotFoundError('database', `${cluster}/${name}`);
    return row;
  }
}

async function idOf(tx: Transaction, cluster: string, name: string): Promise<string | undefined> {
  const [row] = await rowsOf<{ id: string }>(
    tx,
    'select id from tenant_database where cluster = $1 and name = $2',
    [cluster, name],
  );
  return row?.id;
}

interface SnapshotTenantRow {
  id: string;
  slug: string;
  name: string;
  plan: string;
  status: TenantStatus;
  suspension: string | null;
  region: string | null;
  database_id: string;
  standby_database_id: string | null;
  database_placement: Placement;
  worker_placement: Placement;
  token_hashes: string[];
}

function toDatabase(row: DatabaseRow): TenantDatabase {
  return {
    id: row.id,
    cluster: row.cluster,
    name: row.name,
    kind: row.kind,
    loginRole: row.login_role,
    tenantIds: [],
  };
}
