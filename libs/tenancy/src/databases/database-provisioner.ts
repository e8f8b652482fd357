import { Injectable } from '@nestjs/common';
import pg from 'pg';
import { Database, migrate, type Migration } from '#platform';
import { DatabaseClusters } from './database-clusters.js';
import { databaseNames, type DatabaseNames } from './database-names.js';
import { scramVerifier } from './scram-verifier.js';
import { digestOf, TenantSchema } from './tenant-schema.js';

/** The login that the data plane uses; the role has no other right than CONNECT and the group's table grants. */
export interface ServiceLogin {
  database: string;
  role: string;
  password: string;
  /** A database that stands prepared to become this one. */
  preparedAs?: string;
}

/** Group roles: may say for whom a transaction works; holds the table grants; owns the tables. See migrations/tenant. */
const loginRole = 'tierdeck_login';
const serviceRole = 'tierdeck_service';
const ownerRole = 'tierdeck_owner';

/** Taken on the cluster's `postgres` database, shared by those who clone the template. */
const templateLock = 7_415_004;

/**
 * Makes, migrates and drops databases and login roles. Every method can be repeated after a crash at any point:
 * what is there is left, what is missing is made.
 */
@Injectable()
export class DatabaseProvisioner {
  readonly names: DatabaseNames;

  constructor(
    private readonly clusters: DatabaseClusters,
    private readonly schema: TenantSchema,
    database: Database,
  ) {
    this.names = databaseNames(database.url);
  }

  /** Brings group roles, template and pooled database of a cluster to the newest tenant migration. */
  async prepareCluster(cluster: string, pool: ServiceLogin): Promise<void> {
    await this.clusters.asAdmin(cluster, 'postgres', async (admin) => {
      await exclusively(admin, async () => {
        await ensureGroupRoles(admin);
        // Every role may enter these two unless told otherwise, also the login role of a tenant.
        await admin.query('revoke connect, temporary on database postgres, template1 from public');
        await this.#ensureTemplate(cluster, admin, await this.#templateMigrations(cluster, admin));
        await this.#ensureDatabase(admin, pool.database);
        await this.#migratePool(cluster);
        await ensureLogin(admin, pool);
      });
    });
  }

  /** Makes a tenant's own database, out of the prepared one or as a clone of the template, and its login role. */
  async createDedicated(cluster: string, login: ServiceLogin): Promise<void> {
    await this.clusters.asKeptAdmin(cluster, 'postgres', async (admin) => {
      const { rowCount } = await admin.query(
        'select 1 from pg_database where datname = $1 and datallowconn and datconnlimit <> -2',
        [login.database],
      );
      if (!rowCount) {
        // A release may have brought the pool further than the template since the start.
        await exclusively(admin, async () => {
          await this.#ensureTemplate(cluster, admin, await this.#templateMigrations(cluster, admin));
        });
        await sharedly(admin, async () => {
          if (!(await this.#usePrepared(admin, login))) await this.#ensureDatabase(admin, login.database);
        });
      }
      await ensureLogin(admin, login);
    });
  }

  /** Digest of what the template of a cluster was last brought to; undefined while it is being made. */
  async templateDigest(admin: pg.Client): Promise<string | undefined> {
    return digestOfDatabase(admin, this.names.template);
  }

  /** Clones the template into a database that waits for its tenant. @returns the digest of the template. */
  async prepare(admin: pg.Client, name: string): Promise<string | undefined> {
    return sharedly(admin, async () => {
      const digest = await this.templateDigest(admin);
      if (digest === undefined) return undefined;
      await this.#ensureDatabase(admin, name);
      const quoted = pg.escapeIdentifier(name);
      await admin.query(`comment on database ${quoted} is ${pg.escapeLiteral(digest)}`);
      return digest;
    });
  }

  /** Gives the prepared database its name. @returns false if there is none that is as new as the template. */
  async #usePrepared(admin: pg.Client, { database, preparedAs }: ServiceLogin): Promise<boolean> {
    if (preparedAs === undefined) return false;
    const digest = await digestOfDatabase(admin, preparedAs);
    const prepared = pg.escapeIdentifier(preparedAs);
    if (digest === undefined || digest !== (await this.templateDigest(admin))) {
      await admin.query(`drop database if exists ${prepared} with (force)`);
      return false;
    }
    await admin.query(`alter database ${prepared} rename to ${pg.escapeIdentifier(database)}`);
    return true;
  }

  /** Drops a tenant's own database, whoever is connected, and its login role. */
  async dropDedicated(cluster: string, login: Omit<ServiceLogin, 'password'>): Promise<void> {
    await this.clusters.asAdmin(cluster, 'postgres', async (admin) => {
      await admin.query(`drop database if exists ${pg.escapeIdentifier(login.database)} with (force)`);
      await admin.query(`drop role if exists ${pg.escapeIdentifier(login.role)}`);
    });
  }

  /** Whether sessions can be opened: not in a database of which the making or the dropping was cut off. */
  async opens(cluster: string, database: string): Promise<boolean> {
    return this.clusters.asKeptAdmin(cluster, 'postgres', async (admin) => {
      const { rowCount } = await admin.query(
        'select 1 from pg_database where datname = $1 and datallowconn and datconnlimit <> -2',
        [database],
      );
      return rowCount === 1;
    });
  }

  /** Whether database or role of that name are still there. */
  async remains(cluster: string, login: Omit<ServiceLogin, 'password'>): Promise<boolean> {
    const { databases, roles } = await this.traces(cluster, login);
    return databases + roles > 0;
  }

  /** What is there under a tenant's names. */
  async traces(
    cluster: string,
    login: Omit<ServiceLogin, 'password'>,
  ): Promise<{ databases: number; roles: number; slots: number }> {
    return this.clusters.asKeptAdmin(cluster, 'postgres', async (admin) => {
      const { rows } = await admin.query<{ databases: number; roles: number; slots: number }>(
        `select (select count(*)::int from pg_database where datname = $1) as databases,
           (select count(*)::int from pg_roles where rolname = $2) as roles,
           (select count(*)::int from pg_replication_slots where database = $1) as slots`,
        [login.database, login.role],
      );
      return rows[0] ?? { databases: 0, roles: 0, slots: 0 };
    });
  }

  /** Runs `work` as the superuser in a throw-away clone of the template; one that a crash left behind is replaced. */
  async withScratch<T>(cluster: string, name: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    return this.clusters.asAdmin(cluster, 'postgres', async (admin) => {
      const drop = `drop database if exists ${pg.escapeIdentifier(name)} with (force)`;
      await admin.query(drop);
      await sharedly(admin, () => this.#ensureDatabase(admin, name));
      try {
        return await this.clusters.asAdmin(cluster, name, work);
      } finally {
        await admin.query(drop);
      }
    });
  }

  /**
   * A new database lets everybody in until that is taken back, and whoever came in stays: so it lets nobody in before.
   */
  async #ensureDatabase(admin: pg.Client, name: string): Promise<void> {
    const { rows } = await admin.query<{ datconnlimit: number; datallowconn: boolean }>(
      'select datconnlimit, datallowconn from pg_database where datname = $1',
      [name],
    );
    const [found] = rows;
    const quoted = pg.escapeIdentifier(name);
    // -2 marks a database whose DROP was cut off; nothing but another DROP is possible.
    const isRuin = found?.datconnlimit === -2;
    if (found?.datallowconn && !isRuin) return;
    if (isRuin) await admin.query(`drop database ${quoted}`);
    if (!found || isRuin) {
      const template = pg.escapeIdentifier(this.names.template);
      await admin.query(`create database ${quoted} template ${template} allow_connections false`);
    }
    await admin.query(`revoke all on database ${quoted} from public`);
    await admin.query(`alter database ${quoted} allow_connections true`);
  }

  /**
   * The template accepts no connection but while it is migrated: a template with a session on it cannot be cloned.
   * Its comment tells what it was last brought to, so that an up-to-date one is not even opened.
   */
  async #ensureTemplate(cluster: string, admin: pg.Client, migrations: readonly Migration[]): Promise<void> {
    const name = this.names.template;
    const quoted = pg.escapeIdentifier(name);
    const digest = digestOf(migrations);
    const { rows } = await admin.query<{ datallowconn: boolean }>(
      'select datallowconn from pg_database where datname = $1',
      [name],
    );
    if (rows[0]?.datallowconn === false && (await digestOfDatabase(admin, name)) === digest) return;
    // Made anew and not brought forward: after the rollback of a release the template would be ahead of the pool.
    await admin.query(`drop database if exists ${quoted} with (force)`);
    await admin.query(`create database ${quoted} template template0 allow_connections false`);
    await admin.query(`revoke connect, temporary on database ${quoted} from public`);
    await admin.query(`alter database ${quoted} allow_connections true`);
    try {
      await this.clusters.asAdmin(cluster, name, (client) => migrate(client, migrations));
    } finally {
      await admin.query(`alter database ${quoted} allow_connections false`);
    }
    await admin.query(`comment on database ${quoted} is ${pg.escapeLiteral(digest)}`);
  }

  /** What the template must hold: the base schema, and every release migration that the pool already has. */
  async #templateMigrations(cluster: string, admin: pg.Client): Promise<Migration[]> {
    const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [this.names.pool]);
    if (!rowCount) return this.schema.base();
    return this.clusters.asKeptAdmin(cluster, this.names.pool, (client) => this.schema.migrationsFor(client));
  }

  async #migratePool(cluster: string): Promise<void> {
    await this.clusters.asAdmin(cluster, this.names.pool, async (client) => {
      await migrate(client, await this.schema.migrationsFor(client));
    });
  }
}

/** The comment of a template or a prepared database tells what it was brought to. */
async function digestOfDatabase(admin: pg.Client, name: string): Promise<string | undefined> {
  const { rows } = await admin.query<{ digest: string | null }>(
    `select shobj_description(oid, 'pg_database') as digest from pg_database where datname = $1`,
    [name],
  );
  return rows[0]?.digest ?? undefined;
}

async function exclusively<T>(admin: pg.Client, work: () => Promise<T>): Promise<T> {
  await admin.query('select pg_advisory_lock($1)', [templateLock]);
  try {
    return await work();
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [templateLock]);
  }
}

async function sharedly<T>(admin: pg.Client, work: () => Promise<T>): Promise<T> {
  await admin.query('select pg_advisory_lock_shared($1)', [templateLock]);
  try {
    return await work();
  } finally {
    await admin.query('select pg_advisory_unlock_shared($1)', [templateLock]);
  }
}

async function ensureGroupRoles(admin: pg.Client): Promise<void> {
  for (const role of [ownerRole, serviceRole, loginRole]) {
    await admin.query(
      `do $$ begin create role ${role} nologin; exception when duplicate_object or unique_violation then null; end $$`,
    );
  }
}

/** A role that may enter one database, and nobody else may; repeated, it ends in the same state. */
async function ensureLogin(admin: pg.Client, { database, role, password }: ServiceLogin): Promise<void> {
  const login = pg.escapeIdentifier(role);
  const target = pg.escapeIdentifier(database);
  await admin.query(
    `do $$ begin create role ${login} nologin; exception when duplicate_object or unique_violation then null; end $$`,
  );
  await admin.query(
    `alter role ${login} login nosuperuser nobypassrls nocreatedb nocreaterole noreplication inherit
       password ${pg.escapeLiteral(scramVerifier(password))}`,
  );
  // The role between inherits nothing: without a tenant the login has no right on any table.
  await admin.query(`grant ${loginRole} to ${login}`);
  await admin.query(`revoke all on database ${target} from public`);
  await admin.query(`grant connect on database ${target} to ${login}`);
}
