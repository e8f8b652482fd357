import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { Commands, type Actor } from '#audit';
import { FlagsReadModel, FlagsService } from '#flags';
import { createLogger, Database, migrate, type Notifications } from '#platform';
import { TenantsReadModel } from '#tenancy';
import { KpiStore } from './kpi.store.js';
import { ReleaseFlags } from './release-flags.js';
import { ReleaseMigrations } from './release-migrations.js';
import { ReleasesReadModel } from './releases.read-model.js';
import { ReleasesReconciler, type ReleasesReconcilerOptions } from './releases.reconciler.js';
import { ReleasesService } from './releases.service.js';
import { TenantMigrator, type TenantDatabaseAccess } from './tenant-migrator.js';

export const author: Actor = { kind: 'token', id: 'token-ada', name: 'Ada' };
export const reviewer: Actor = { kind: 'token', id: 'token-ben', name: 'Ben' };

/** Everything of the releases domain on one control-plane database, wired as the module does it. */
export interface ReleasesWorld {
  database: Database;
  commands: Commands;
  flags: FlagsService;
  releases: ReleasesService;
  readModel: ReleasesReadModel;
  kpiStore: KpiStore;
  reconcile(notifications: Notifications, options?: ReleasesReconcilerOptions): Promise<ReleasesReconciler>;
}

/** Reaches the databases of a test by the name under which they are registered. */
export class TestDatabaseAccess implements TenantDatabaseAccess {
  constructor(
    private readonly database: Database,
    private readonly template: string,
  ) {}

  async connect(databaseId: string): Promise<pg.Client> {
    const [row] = await this.database.query<{ name: string }>(
      'select name from tenant_database where id = $1',
      [databaseId],
    );
    return this.#open(row?.name ?? '');
  }

  async withScratch<T>(name: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const admin = await this.#open('postgres');
    try {
      await admin.query(`drop database if exists ${name} with (force)`);
      await admin.query(`create database ${name} template ${this.template}`);
      const client = await this.#open(name);
      try {
        return await work(client);
      } finally {
        await client.end();
        await admin.query(`drop database ${name} with (force)`);
      }
    } finally {
      await admin.end();
    }
  }

  async #open(name: string): Promise<pg.Client> {
    const url = new URL(this.database.url);
    url.pathname = `/${name}`;
    const client = new pg.Client({ connectionString: url.toString() });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}

export async function openWorld(
  url: string,
  migrationsFolder: string,
  template: string,
): Promise<ReleasesWorld> {
  const database = await Database.connect(url);
  const commands = new Commands(database);
  const flags = new FlagsService();
  const releaseFlags = new ReleaseFlags(flags, new FlagsReadModel(database));
  const migrations = new ReleaseMigrations(migrationsFolder);
  const kpiStore = new KpiStore();
  const readModel = new ReleasesReadModel(database);
  return {
    database,
    commands,
    flags,
    kpiStore,
    releases: new ReleasesService(releaseFlags, migrations, new TenantsReadModel(database), readModel),
    readModel,
    reconcile: async (notifications, options = {}) => {
      const reconciler = new ReleasesReconciler(
        {
          database,
          commands,
          kpiStore,
          migrations,
          flags: releaseFlags,
          migrator: new TenantMigrator(new TestDatabaseAccess(database, template)),
          logger: createLogger('test', process.env['TIERDECK_LOG_LEVEL'] ?? 'silent'),
        },
        { pollMs: 40, leaseMs: 600, settleMs: 0, ...options },
      );
      await reconciler.start(notifications);
      return reconciler;
    },
  };
}

/**
 * Gives a database an empty ledger, as the tenancy domain leaves it, and a witness to which the migrations of
 * {@link witnessedMigration} bear.
 */
export async function prepareTenantDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await migrate(client, []);
    await client.query('create table witness (id int generated always as identity, saw text not null)');
  } finally {
    await client.end();
  }
}

/** A migration that tells the witness each time it is run. */
export function witnessedMigration(name: string): string {
  return `insert into witness (saw) values ('${name} up');
select pg_sleep(0.03);
create table ${name} (id int primary key);
-- down
insert into witness (saw) values ('${name} down');
drop table ${name};
`;
}

export interface TestTenant {
  slug: string;
  labels?: Record<string, string>;
  databaseId: string;
}

export async function insertDatabase(world: ReleasesWorld, name: string): Promise<string> {
  const id = randomUUID();
  await world.database.query(
    `insert into database_cluster (name, region, host, port, admin_user, admin_password_sealed)
     values ('main', 'eu', 'localhost', 1, 'x', 'x') on conflict do nothing`,
  );
  await world.database.query(
    `insert into tenant_database (id, cluster, name, kind, login_role, login_password_sealed)
     values ($1, 'main', $2, 'POOLED', 'x', 'x')`,
    [id, name],
  );
  return id;
}

export async function insertTenant(world: ReleasesWorld, tenant: TestTenant): Promise<string> {
  const id = randomUUID();
  await world.database.query(
    `insert into tenant (id, slug, name, plan, status, labels, database_placement, worker_placement, database_id)
     values ($1, $2, $2, 'standard', 'ACTIVE', $3, 'SHARED', 'SHARED', $4)`,
    [id, tenant.slug, JSON.stringify(tenant.labels ?? {}), tenant.databaseId],
  );
  return id;
}

/** Reports lines of one tenant, some of them below cost. */
export async function reportLines(
  world: ReleasesWorld,
  tenantId: string,
  lines: number,
  linesBelowCost: number,
  engine = 'waterfall-v2',
): Promise<void> {
  await world.database.transaction((tx) =>
    world.kpiStore.ingest(tx, {
      kpis: [
        {
          tenantId,
          branch: null,
          pricingEngine: engine,
          ordersAccepted: 1,
          ordersRejected: 0,
          ordersFailed: 0,
          lines,
          linesBelowCost,
          linesFilled: lines,
          revenueMicros: '1000000',
          costMicros: '900000',
          ediAccepted: 0,
          ediRejected: 0,
        },
      ],
    }),
  );
}
