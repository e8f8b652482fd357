import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../../test/support/database.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';
import { DatabaseProvisioner } from './database-provisioner.js';
import { PreparedDatabases } from './prepared-databases.js';

const dedicated = { database: 'DEDICATED', data: undefined };

describe('prepared databases', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let folder: string;

  async function start(): Promise<void> {
    await tenancy?.stop();
    const configuration = { tenantMigrationsDir: folder, preparedDatabases: 2 };
    tenancy = await TestTenancy.start(scratch.url, { configuration });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tierdeck-migrations-'));
    await cp('migrations/tenant', folder, { recursive: true });
    scratch = await createTestDatabase('control-plane');
    await start();
  });

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const names = () => tenancy.app.get(DatabaseProvisioner).names;
  const keepUp = (): Promise<boolean> => tenancy.app.get(PreparedDatabases).keepUp();

  async function databasesLike(prefix: string): Promise<string[]> {
    return withTestClient('postgres', async (client) => {
      const { rows } = await client.query<{ datname: string }>(
        'select datname from pg_database where starts_with(datname, $1) order by datname',
        [prefix],
      );
      return rows.map(({ datname }) => datname);
    });
  }

  async function preparedAs(slug: string): Promise<string | null> {
    const [row] = await tenancy.database.query<{ prepared_as: string | null }>(
      'select prepared_as from tenant_database where name = $1',
      [names().dedicated(slug)],
    );
    return row?.prepared_as ?? null;
  }

  it('are made as many as are wanted, closed to everyone', async () => {
    await Promise.all([keepUp(), keepUp()]);
    await keepUp();
    const made = await databasesLike(names().prepared);
    expect(made).toHaveLength(2);
    expect(await tenancy.app.get(PreparedDatabases).ready()).toEqual([
      { cluster: 'local', ready: 2, wanted: 2 },
    ]);
    const [open] = await tenancy.database.query<{ open: boolean }>(
      `select has_database_privilege('public', $1, 'CONNECT') as open`,
      [made[0]],
    );
    expect(open?.open).toBe(false);
  });

  it('go to one tenant each, also when more come at once than there are', async () => {
    const before = await databasesLike(names().prepared);
    await Promise.all(['ada', 'bob', 'cyd'].map((slug) => tenancy.onboard(tenantManifest(slug, dedicated))));
    const taken = await Promise.all(['ada', 'bob', 'cyd'].map(preparedAs));
    expect(taken.filter((name) => name !== null).toSorted()).toEqual(before);
    expect(await databasesLike(names().prepared)).toEqual([]);
    for (const slug of ['ada', 'bob', 'cyd']) {
      const tenant = await tenancy.readModel.bySlug(slug);
      const client = await tenancy.databases.connectAsService(tenant.databaseId as string);
      await client.end();
    }
    await keepUp();
    expect(await databasesLike(names().prepared)).toHaveLength(2);
  });

  it('of an older version are replaced, and never become a tenant’s', async () => {
    const old = await databasesLike(names().prepared);
    await writeFile(join(folder, '0101_newer.sql'), "create type newer as enum ('yes')");
    await start();
    await tenancy.onboard(tenantManifest('dan', dedicated));
    expect(old).toContain(await preparedAs('dan'));
    const newer = await withTestClient(names().dedicated('dan'), (client) =>
      client.query(`select to_regtype('newer') is not null as present`),
    );
    expect(newer.rows).toEqual([{ present: true }]);
    await keepUp();
    const now = await databasesLike(names().prepared);
    expect(now).toHaveLength(2);
    expect(now.filter((name) => old.includes(name))).toEqual([]);
  });

  it('that a crash left half made, or that nobody knows of, are dropped', async () => {
    const whole = await databasesLike(names().prepared);
    await tenancy.database.query('update prepared_database set template_digest = null where name = $1', [
      whole[0],
    ]);
    await tenancy.database.query(
      `insert into prepared_database (cluster, name) values ('local', 'never_made')`,
    );
    await withTestClient('postgres', (client) =>
      client.query(`create database ${names().prepared}orphan template ${names().template}`),
    );
    await keepUp();
    const now = await databasesLike(names().prepared);
    expect(now).toHaveLength(2);
    expect(now).toContain(whole[1]);
    expect(now).not.toContain(whole[0]);
    expect(now).not.toContain(`${names().prepared}orphan`);
  });
});
