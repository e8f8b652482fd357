import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate, readMigrations } from '#platform';

export type TemplateName = 'control-plane' | 'tenant' | 'empty';

export interface TestDatabase {
  name: string;
  /** Superuser URL of the database. */
  url: string;
  drop(): Promise<void>;
}

/** Superuser URL of the run's PostgreSQL (test/support/global-setup.mjs). */
export function testPostgresUrl(database = 'postgres'): string {
  const url = new URL(process.env['TIERDECK_TEST_POSTGRES_URL'] ?? 'missing: run through npm run jest');
  url.pathname = `/${database}`;
  return url.toString();
}

/** Runs one statement on the run's PostgreSQL and closes the connection again. */
export async function withTestClient<T>(
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: testPostgresUrl(database) });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * A fresh database cloned from a template, which the first caller of the run makes from the migrations.
 * Several test files run at once, hence the advisory lock.
 */
export async function createTestDatabase(template: TemplateName): Promise<TestDatabase> {
  const name = `test_${template.replace('-', '_')}_${randomBytes(5).toString('hex')}`;
  await withTestClient('postgres', async (client) => {
    await client.query('select pg_advisory_lock(7415002)');
    try {
      await makeTemplate(client, template);
      await client.query(`create database ${name} template template_${template.replace('-', '_')}`);
    } finally {
      await client.query('select pg_advisory_unlock(7415002)');
    }
  });
  return {
    name,
    url: testPostgresUrl(name),
    drop: () =>
      withTestClient('postgres', async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      }),
  };
}

/** A login role as the data plane has one: no superuser, no owner, no BYPASSRLS, and no right but to act for a tenant. */
export async function createTestLogin(client: pg.ClientBase, role: string, password: string): Promise<void> {
  // As migrations/tenant/0004_hardening.sql makes them, for databases that have no tenant migrations.
  for (const statement of [
    'create role tierdeck_service nologin',
    'create role tierdeck_login nologin noinherit',
    'grant tierdeck_service to tierdeck_login',
  ]) {
    await client.query(
      `do $$ begin ${statement}; exception when duplicate_object or unique_violation or internal_error then null; end $$`,
    );
  }
  await client.query(`create role ${role} login password '${password}' nosuperuser nobypassrls`);
  await client.query(`grant tierdeck_login to ${role}`);
}

async function makeTemplate(client: pg.Client, template: TemplateName): Promise<void> {
  const name = `template_${template.replace('-', '_')}`;
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
  if (rowCount) return;
  await client.query(`create database ${name}_new`);
  if (template !== 'empty') {
    const migrations = await readMigrations(`migrations/${template}`);
    await withTestClient(`${name}_new`, (connection) => migrate(connection, migrations));
  }
  await client.query(`alter database ${name}_new rename to ${name}`);
}
