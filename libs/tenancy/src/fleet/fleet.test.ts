import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../../test/support/database.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';
import { DatabaseProvisioner } from '../databases/database-provisioner.js';
import { FleetService } from './fleet.service.js';
import { FleetStore } from './fleet.store.js';

const dedicated = { database: 'DEDICATED', data: undefined };

describe('fleet migrations', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy | undefined;
  let folder: string;

  /** A start of the version that has what lies in the folder now. */
  async function start(): Promise<TestTenancy> {
    await tenancy?.stop();
    const configuration = { tenantMigrationsDir: folder, fleetWidth: 4 };
    tenancy = await TestTenancy.start(scratch.url, { configuration });
    return tenancy;
  }

  /** A newer version is one with another migration. */
  async function release(name: string, sql: string): Promise<TestTenancy> {
    await writeFile(join(folder, `${name}.sql`), sql);
    return start();
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tierdeck-migrations-'));
    await cp('migrations/tenant', folder, { recursive: true });
    scratch = await createTestDatabase('control-plane');
    const first = await start();
    await first.onboard(tenantManifest('pooled', { data: undefined }));
    for (const slug of ['ada', 'bob', 'cyd']) await first.onboard(tenantManifest(slug, dedicated));
  });

  afterAll(async () => {
    await tenancy?.stop();
    await scratch.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const nameOf = (slug: string): string =>
    (tenancy as TestTenancy).app.get(DatabaseProvisioner).names.dedicated(slug);

  async function versions(): Promise<Record<string, [string | null, string]>> {
    const { edges } = await (tenancy as TestTenancy).app.get(FleetStore).page(null, { first: 100 });
    return Object.fromEntries(edges.map(({ node }) => [node.name, [node.version, node.status]]));
  }

  async function ledger(database: string): Promise<string | undefined> {
    return withTestClient(database, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        'select name from schema_migration order by name desc limit 1',
      );
      return rows[0]?.name;
    });
  }

  async function openOperations(): Promise<string[]> {
    const rows = await (tenancy as TestTenancy).database.query<{ id: string }>(
      `select id from operation where kind = 'fleet.migrate' order by created_at`,
    );
    return rows.map(({ id }) => id);
  }

  it('have nothing to do where every database is made by this version', async () => {
    const { app } = tenancy as TestTenancy;
    await app.get(FleetService).catchUp();
    expect(await openOperations()).toEqual([]);
    expect(await app.get(FleetStore).counts()).toEqual({ current: 4, behind: 0, failed: 0 });
  });

  it('bring what an older version has left up to date at the start of a newer one', async () => {
    const { app, operations } = await release('0101_first', 'create table first_thing (id int)');
    expect(await app.get(FleetStore).counts()).toEqual({ current: 1, behind: 3, failed: 0 });
    await app.get(FleetService).catchUp();
    const [operation] = await openOperations();
    expect(await operations.settled(operation as string, 30_000)).toBe('SUCCEEDED');
    for (const slug of ['ada', 'bob', 'cyd']) expect(await ledger(nameOf(slug))).toBe('0101_first');
    await app.get(FleetService).catchUp();
    expect(await openOperations()).toHaveLength(1);
  });

  it('report a database that fails by name, go on with the others, and retry that one alone', async () => {
    await withTestClient(nameOf('bob'), (client) => client.query('create table second_thing (id int)'));
    const { app, operations, database, foundation } = await release(
      '0102_second',
      'create table second_thing (id int)',
    );
    await app.get(FleetService).catchUp();
    const operation = (await openOperations()).at(-1) as string;
    expect(await operations.settled(operation, 30_000)).toBe('FAILED');
    const [row] = await database.query<{ error_code: string; error_message: string }>(
      'select error_code, error_message from operation where id = $1',
      [operation],
    );
    expect(row?.error_code).toBe('FLEET_MIGRATION_FAILED');
    expect(row?.error_message).toContain(`1 of 3 database(s)`);
    expect(row?.error_message).toContain(
      `local/${nameOf('bob')}: Migration 0102_second failed: relation "second_thing" already exists`,
    );
    expect(await versions()).toMatchObject({
      [nameOf('ada')]: ['0102_second', 'CURRENT'],
      [nameOf('bob')]: ['0101_first', 'FAILED'],
      [nameOf('cyd')]: ['0102_second', 'CURRENT'],
    });
    expect(await ledger(nameOf('bob'))).toBe('0101_first');

    await withTestClient(nameOf('bob'), (client) => client.query('drop table second_thing'));
    const retry = await foundation.commands.asSystem('test', (command) =>
      app.get(FleetService).retry(command, 'bob'),
    );
    expect(await operations.settled(retry as string, 30_000)).toBe('SUCCEEDED');
    expect(await ledger(nameOf('bob'))).toBe('0102_second');
    const again = await foundation.commands.asSystem('test', (command) =>
      app.get(FleetService).retry(command, 'bob'),
    );
    expect(again).toBeUndefined();
    const [audit] = await database.query<{ after: { migrated: string[]; version: string } }>(
      `select after from audit_event where correlation = $1 and action = 'fleet.migrated'`,
      [`operation/${retry}`],
    );
    expect(audit?.after).toEqual({
      version: '0102_second',
      migrated: [`local/${nameOf('bob')}`],
      failed: [],
    });
  });

  it('are one operation, however many ask for it', async () => {
    await writeFile(join(folder, '0103_third.sql'), 'select pg_sleep(0.2)');
    const { app, foundation, operations } = await start();
    const ask = (): Promise<string | undefined> =>
      foundation.commands.asSystem('test', (command) => app.get(FleetService).migrate(command));
    const ids = await Promise.all([ask(), ask(), ask()]);
    expect(new Set(ids).size).toBe(1);
    expect(await operations.settled(ids[0] as string, 30_000)).toBe('SUCCEEDED');
    expect(await ask()).toBeUndefined();
  });

  it('know no database of that name', async () => {
    const { app, foundation } = tenancy as TestTenancy;
    const retry = foundation.commands.asSystem('test', (command) =>
      app.get(FleetService).retry(command, `' or true --`),
    );
    await expect(retry).rejects.toMatchObject({ code: 'DATABASE_NOT_FOUND' });
  });
});
