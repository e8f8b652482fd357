import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { migrate, randomSecret, readMigrations, SecretBox, type Migration } from '#platform';
import { databaseNames } from '../../libs/tenancy/src/databases/database-names.js';
import { createTestDatabase, withTestClient } from './database.js';

/** The newest migrations of the first version. */
const first = { 'control-plane': '0005_quotas', tenant: '0001_distribution' };

export interface OldTenant {
  id: string;
  slug: string;
  database: string;
}

export interface OldInstallation {
  url: string;
  masterKey: string;
  shared: OldTenant;
  dedicated: OldTenant;
  drop(): Promise<void>;
}

/**
 * What the first version left: its schema out of its own migration files, and rows as it wrote them, for one shared and
 * one dedicated tenant that are at work. Each has a region `<slug>-region`, and a flag `notice` is on for the shared one.
 */
export async function createOldInstallation(): Promise<OldInstallation> {
  const scratch = await createTestDatabase('empty');
  const masterKey = randomSecretKey();
  const names = databaseNames(scratch.url);
  await withTestClient(scratch.name, async (client) =>
    migrate(client, await firstMigrations('control-plane')),
  );
  const shared = { id: randomUUID(), slug: 'shared', database: names.pool };
  const dedicated = { id: randomUUID(), slug: 'own', database: names.dedicated('own') };
  await withTestClient(scratch.name, async (client) => {
    const secrets = new SecretBox(masterKey);
    const { hostname, port, username, password } = new URL(scratch.url);
    await client.query(
      `insert into database_cluster (name, region, host, port, admin_user, admin_password_sealed)
       values ('local', 'local', $1, $2, $3, $4)`,
      [hostname, Number(port), username, secrets.seal(password)],
    );
    await addTenant(client, secrets, shared, 'SHARED');
    await addTenant(client, secrets, dedicated, 'DEDICATED');
    await addFlag(client, shared.slug);
  });
  return {
    url: scratch.url,
    masterKey,
    shared,
    dedicated,
    drop: async () => {
      await withTestClient('postgres', async (client) => {
        const { rows } = await client.query<{ datname: string }>(
          'select datname from pg_database where starts_with(datname, $1) and datname <> $1',
          [scratch.name],
        );
        for (const { datname } of rows) {
          await client.query(`alter database ${datname} is_template false`);
          await client.query(`drop database ${datname} with (force)`);
          await client.query(`drop role if exists ${datname}`);
        }
      });
      await scratch.drop();
    },
  };
}

const randomSecretKey = (): string => randomUUID().replaceAll('-', '').repeat(2);

async function firstMigrations(of: keyof typeof first): Promise<Migration[]> {
  return (await readMigrations(`migrations/${of}`)).filter(({ name }) => name <= first[of]);
}

async function addTenant(
  controlPlane: pg.Client,
  secrets: SecretBox,
  { id, slug, database }: OldTenant,
  placement: 'SHARED' | 'DEDICATED',
): Promise<void> {
  const databaseId = randomUUID();
  const password = randomSecret();
  await createOldDatabase(database, password);
  await withTestClient(database, (client) =>
    client.query('insert into region (tenant_id, code, name) values ($1, $2, $2)', [id, `${slug}-region`]),
  );
  await controlPlane.query(
    `insert into tenant_database (id, cluster, name, kind, login_role, login_password_sealed)
     values ($1, 'local', $2, $3, $2, $4)`,
    [databaseId, database, placement === 'SHARED' ? 'POOLED' : 'DEDICATED', secrets.seal(password)],
  );
  await controlPlane.query(
    `insert into tenant (id, slug, name, plan, status, database_placement, worker_placement, database_id)
     values ($1, $2, $2, 'standard', 'ACTIVE', $3, 'SHARED', $4)`,
    [id, slug, placement, databaseId],
  );
}

/** As the first version made them: the login is a member of the role that has the rights. */
async function createOldDatabase(name: string, password: string): Promise<void> {
  const migrations = await firstMigrations('tenant');
  const postgres = (sql: string): Promise<unknown> =>
    withTestClient('postgres', (client) => client.query(sql));
  await postgres(`create database ${name}`);
  await withTestClient(name, (client) => migrate(client, migrations));
  await postgres(`create role ${name} login inherit password ${pg.escapeLiteral(password)}`);
  await postgres(`grant tierdeck_service to ${name}`);
  await postgres(`revoke all on database ${name} from public`);
  await postgres(`grant connect on database ${name} to ${name}`);
}

async function addFlag(controlPlane: pg.Client, tenant: string): Promise<void> {
  await controlPlane.query(
    `insert into flag (key, kind, risk_class) values ('notice', 'BOOLEAN', 'STANDARD')`,
  );
  await controlPlane.query(
    `insert into flag_environment (flag_key, environment, revision)
     select 'notice', name, 0 from environment`,
  );
  await controlPlane.query(
    `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, set_by)
     values ($1, 'notice', 'production', 'TENANT', $2, true, 'test')`,
    [randomUUID(), tenant],
  );
}
