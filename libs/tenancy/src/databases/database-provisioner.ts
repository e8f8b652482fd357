import { Injectable } from '@nestjs/common';
import pg from 'pg';
import { contentDigest } from '#audit';
import { Database, migrate, type Migration } from '#platform';
import { DatabaseClusters } from './database-clusters.js';
import { databaseNames, type DatabaseNames } from './database-names.js';
import { scramVerifier } from './scram-verifier.js';
import { readReleaseMigrations, readTenantMigrations } from './tenant-migrations.js';

/** The login that the data plane uses; the role has no other right than CONNECT and the group's table grants. */
export interface ServiceLogin {
  database: string;
  role: string;
  password: string;
}

/** Group role that holds the table grants, and the role that owns the tables; see migrations/tenant/0001. */
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

  /** Clones the template into a tenant's own database and gives it its login role. */
  async createDedicated(cluster: string, login: ServiceLogin): Promise<void> {
    await this.clusters.asAdmin(cluster, 'postgres', async (admin) => {
      const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [
        login.database,
      ]);
      if (!rowCount) {
        // A release may have brought the pool further than the template since the start.
        await exclusively(admin, async () => {
          await this.#ensureTemplate(cluster, admin, await this.#templateMigrations(cluster, admin));
        });
        await sharedly(admin, () => this.#ensureDatabase(admin, login.database));
      }
      await ensureLogin(admin, login);
    });
  }

  /** Drops a tenant's own database, whoever is connected, and its login role. */
  async dropDedicated(cluster: string, login: Omit<ServiceLogin, 'password'>): Promise<void> {
    await this.clusters.asAdmin(cluster, 'postgres', async (admin) => {
      await admin.query(`drop database if exists ${pg.escapeIdentifier(login.database)} with (force)`);
      await admin.query(`drop role if exists ${pg.escapeIdentifier(login.role)}`);
    });
  }

  /** Whether database or role of that name are still there. */
  async remains(cluster: string, login: Omit<ServiceLogin, 'password'>): Promise<boolean> {
    return this.clusters.asAdmin(cluster, 'postgres', async (admin) => {
      const { rowCount } = await admin.query(
        'select 1 from pg_database where datname = $1 union all select 1 from pg_roles where rolname = $2',
        [login.database, login.role],
      );
      return rowCount !== 0;
    });
  }

  /** Runs `work` as the superuser in a throw-away clone of the template; one that a crash left behind is replaced. */
  async withScratch<T>(cluster: string, name: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    return this.clusters.asAdmin(cluster, 'postgres', async (admin) => {
      const drop = `drop database if exists ${pg.escapeIdentifier(name)} with (force)`;
      await admin.query(drop);
      await sharedly(admin, () => this.#ensureDatabase(admin, name));
      try {
        await admin.query(`revoke connect on database ${pg.escapeIdentifier(name)} from public`);
        return await this.clusters.asAdmin(cluster, name, work);
      } finally {
        await admin.query(drop);
      }
    });
  }

  async #ensureDatabase(admin: pg.Client, name: string): Promise<void> {
    const { rows } = await admin.query<{ datconnlimit: number }>(
      'select datconnlimit from pg_database where datname = $1',
      [name],
    );
    // -2 marks a database whose DROP was cut off; nothing but another DROP is possible.
    if (rows[0]?.datconnlimit === -2) await admin.query(`drop database ${pg.escapeIdentifier(name)}`);
    else if (rows[0]) return;
    const template = pg.escapeIdentifier(this.names.template);
    await admin.query(`create database ${pg.escapeIdentifier(name)} template ${template}`);
  }

  /**
   * The template accepts no connection but while it is migrated: a template with a session on it cannot be cloned.
   * Its comment tells what it was last brought to, so that an up-to-date one is not even opened.
   */
  async #ensureTemplate(cluster: string, admin: pg.Client, migrations: readonly Migration[]): Promise<void> {
    const name = this.names.template;
    const quoted = pg.escapeIdentifier(name);
    const digest = contentDigest(migrations.map(({ name, checksum }) => [name, checksum]));
    const { rows } = await admin.query<{ digest: string | null; datallowconn: boolean }>(
      `select shobj_description(oid, 'pg_database') as digest, datallowconn from pg_database where datname = $1`,
      [name],
    );
    if (rows[0]?.digest === digest && !rows[0].datallowconn) return;
    // Made anew and not brought forward: after the rollback of a release the template would be ahead of the pool.
    await admin.query(`drop database if exists ${quoted} with (force)`);
    await admin.query(`create database ${quoted} template template0`);
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
    const base = await readTenantMigrations();
    const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [this.names.pool]);
    if (!rowCount) return base;
    return this.clusters.asAdmin(cluster, this.names.pool, (client) => withApplied(client, base));
  }

  async #migratePool(cluster: string): Promise<void> {
    const base = await readTenantMigrations();
    await this.clusters.asAdmin(cluster, this.names.pool, async (client) => {
      await migrate(client, await withApplied(client, base));
    });
  }
}

/** The base migrations, and those of releases that this database has already seen. */
async function withApplied(client: pg.Client, base: readonly Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ present: boolean }>(
    `select to_regclass('schema_migration') is not null as present`,
  );
  if (!rows[0]?.present) return [...base];
  const { rows: applied } = await client.query<{ name: string }>('select name from schema_migration');
  const names = new Set(applied.map(({ name }) => name));
  const released = (await readReleaseMigrations()).filter(({ name }) => names.has(name));
  return [...base, ...released].sort((a, b) => (a.name < b.name ? -1 : 1));
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
  for (const role of [ownerRole, serviceRole]) {
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
  await admin.query(`grant ${serviceRole} to ${login}`);
  await admin.query(`revoke all on database ${target} from public`);
  await admin.query(`grant connect on database ${target} to ${login}`);
}
