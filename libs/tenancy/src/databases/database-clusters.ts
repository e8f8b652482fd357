import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Commands } from '#audit';
import { Database, NotFoundError, rowsOf, SecretBox, TierdeckError, type Transaction } from '#platform';

/** A PostgreSQL server on which tenant databases are placed. */
export interface ClusterLogin {
  name: string;
  region: string;
  host: string;
  port: number;
  /** Superuser, used to provision and to migrate, never to serve. */
  adminUser: string;
  adminPassword: string;
}

/** How long a connection of {@link DatabaseClusters.asKeptAdmin} waits for the next use, in milliseconds. */
const keptMs = 3_000;

interface ClusterRow {
  name: string;
  region: string;
  host: string;
  port: number;
  admin_user: string;
  admin_password_sealed: string;
}

/** The cluster that a superuser's URL leads to, e.g. the server of the control plane itself. */
export function clusterOfUrl(name: string, region: string, url: string): ClusterLogin {
  const { hostname, port, username, password } = new URL(url);
  return {
    name,
    region,
    host: hostname,
    port: Number(port || 5432),
    adminUser: decodeURIComponent(username),
    adminPassword: decodeURIComponent(password),
  };
}

/** Known clusters and the administrator's way in; the password is sealed at rest. */
@Injectable()
export class DatabaseClusters implements OnApplicationShutdown {
  readonly #kept = new Map<string, { client: pg.Client; timer: NodeJS.Timeout }>();
  #closed = false;

  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly secrets: SecretBox,
  ) {}

  /** Writes the cluster down; one that is known as it is changes nothing. */
  async register(cluster: ClusterLogin): Promise<void> {
    const known = await this.login(cluster.name).catch((error: unknown) => {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    });
    if (known && same(known, cluster)) return;
    await this.commands.asSystem('start', async (command) => {
      await command.tx.query(
        `insert into database_cluster (name, region, host, port, admin_user, admin_password_sealed)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (name) do update set region = excluded.region, host = excluded.host, port = excluded.port,
           admin_user = excluded.admin_user, admin_password_sealed = excluded.admin_password_sealed`,
        [
          cluster.name,
          cluster.region,
          cluster.host,
          cluster.port,
          cluster.adminUser,
          this.secrets.seal(cluster.adminPassword),
        ],
      );
      await command.record({
        area: 'tenancy',
        action: 'cluster.registered',
        subject: `cluster/${cluster.name}`,
        before: known && shown(known),
        after: shown(cluster),
      });
    });
  }

  /** @throws NotFoundError CLUSTER_NOT_FOUND */
  async login(name: string): Promise<ClusterLogin> {
    const [row] = await this.database.query<ClusterRow>('select * from database_cluster where name = $1', [
      name,
    ]);
    if (!row) throw new NotFoundError('cluster', name);
    return {
      name: row.name,
      region: row.region,
      host: row.host,
      port: row.port,
      adminUser: row.admin_user,
      adminPassword: this.secrets.open(row.admin_password_sealed),
    };
  }

  /** The cluster for a new tenant: one of its region if there is, else the first by name. */
  async placementFor(region: string | null, tx: Transaction = this.database.source.manager): Promise<string> {
    const [row] = await rowsOf<{ name: string }>(
      tx,
      `select name from database_cluster where status = 'ACTIVE' order by (region = $1) is true desc, name limit 1`,
      [region],
    );
    if (!row) {
      throw new TierdeckError('CLUSTER_MISSING', 'No database cluster is registered.', 503, {}, 'operator');
    }
    return row.name;
  }

  /** Runs `work` as the superuser in one database of the cluster. */
  async asAdmin<T>(cluster: string, database: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.connectAdmin(cluster, database);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /**
   * As {@link asAdmin}, on a connection that is kept for some seconds: for small work that comes in a row. `work` must
   * leave nothing behind in the session.
   */
  async asKeptAdmin<T>(
    cluster: string,
    database: string,
    work: (client: pg.Client) => Promise<T>,
  ): Promise<T> {
    const key = `${cluster}/${database}`;
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    clearTimeout(kept?.timer);
    const client = kept?.client ?? (await this.#connectToKeep(key, cluster, database));
    try {
      const result = await work(client);
      this.#keep(key, client);
      return result;
    } catch (error) {
      // Whatever it left in the session ends with it.
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.#closed = true;
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    for (const { timer } of kept) clearTimeout(timer);
    await Promise.all(kept.map(({ client }) => client.end().catch(() => undefined)));
  }

  async #connectToKeep(key: string, cluster: string, database: string): Promise<pg.Client> {
    const client = await this.connectAdmin(cluster, database);
    client.once('error', () => this.#drop(key, client));
    return client;
  }

  #keep(key: string, client: pg.Client): void {
    if (this.#closed || this.#kept.has(key)) {
      client.end().catch(() => undefined);
      return;
    }
    this.#kept.set(key, { client, timer: setTimeout(() => this.#drop(key, client), keptMs).unref() });
  }

  #drop(key: string, client: pg.Client): void {
    const kept = this.#kept.get(key);
    if (kept?.client === client) {
      clearTimeout(kept.timer);
      this.#kept.delete(key);
    }
    client.end().catch(() => undefined);
  }

  async connectAdmin(cluster: string, database: string): Promise<pg.Client> {
    const { host, port, adminUser, adminPassword } = await this.login(cluster);
    return connectTo({ host, port, database, user: adminUser, password: adminPassword });
  }
}

/** @throws TierdeckError TENANT_DATABASE_UNREACHABLE with database and host, never the password. */
export async function connectTo(login: {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
}): Promise<pg.Client> {
  const client = new pg.Client({
    ...login,
    application_name: 'tierdeck-provision',
    connectionTimeoutMillis: 10_000,
  });
  // A connection that breaks while idle fails its next query; unheard, the event would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    const message = `Database ${login.database} at ${login.host}:${login.port} cannot be reached: ${(cause as Error).message}`;
    throw new TierdeckError('TENANT_DATABASE_UNREACHABLE', message, 503, { cause }, 'operator');
  }
  return client;
}

function same(a: ClusterLogin, b: ClusterLogin): boolean {
  return (
    JSON.stringify({ ...shown(a), p: a.adminPassword }) ===
    JSON.stringify({ ...shown(b), p: b.adminPassword })
  );
}

function shown({ region, host, port, adminUser }: ClusterLogin): Record<string, unknown> {
  return { region, host, port, adminUser };
}
