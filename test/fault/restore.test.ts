import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BackupsReadModel, BackupsService } from '#tenancy';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { killPoints, killSeed, seeded } from '../support/kill-points.js';
import { runOperation } from '../support/operation-process.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

/** Where the process dies, each time at a later point of the same operation. */
const deaths = {
  backup: ['archive:after:begin isolation', 'archive:progress:1', 'archive:done'],
  restore: [
    'check-archive:done',
    'archive-before:progress:1',
    'archive-before:done',
    'replace:after:delete from',
    'replace:progress:1',
    'replace:after:commit',
    'resume:begin',
  ],
  drill: ['restore:after:create database', 'restore:progress:1', 'restore:done'],
};

describe(`backup, restore and drill killed with SIGKILL in the middle of steps (TIERDECK_TEST_SEED=${killSeed})`, () => {
  const random = seeded(killSeed);
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let dataDir: string;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-restore-'));
    tenancy = await TestTenancy.start(scratch.url, { reconcile: false, configuration: { dataDir } });
    const { operationIds } = await tenancy.apply(tenantManifest('shop', { data: undefined }));
    expect(await tenancy.perform(operationIds[0] as string)).toBe('SUCCEEDED');
    await write('as-archived');
  });

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('end as if nothing had happened', async () => {
    const backups = tenancy.app.get(BackupsService);
    const readModel = tenancy.app.get(BackupsReadModel);
    const command = <T>(work: Parameters<typeof tenancy.foundation.commands.asSystem<T>>[1]): Promise<T> =>
      tenancy.foundation.commands.asSystem('test', work);
    const { operationId, backupId } = await command((c) => backups.backUp(c, 'shop'));
    await killAt(operationId, killPoints(deaths.backup, 1, random));
    const { id } = await tenancy.readModel.bySlug('shop');
    expect(await readModel.backups(id, 10)).toMatchObject([{ id: backupId, status: 'COMPLETE', rows: 1 }]);

    await write('written-since');
    const restore = await command((c) =>
      backups.restore(c, { tenant: 'shop', mode: 'IN_PLACE', confirm: 'shop' }),
    );
    await killAt(restore.operationId, killPoints(deaths.restore, 3, random));
    expect(await regions()).toEqual(['as-archived']);
    expect((await tenancy.readModel.bySlug('shop')).status).toBe('ACTIVE');
    expect(await readModel.restore(restore.operationId)).toMatchObject({ status: 'COMPLETE' });
    const before = (await readModel.backups(id, 10)).find(({ reason }) => reason === 'BEFORE_RESTORE');
    expect(before).toMatchObject({ status: 'COMPLETE', rows: 2 });

    const drill = await command((c) => backups.drill(c, 'shop', backupId));
    await killAt(drill, killPoints(deaths.drill, 1, random));
    expect(await readModel.drills(id, 10)).toMatchObject([{ status: 'PASSED', rows: 1 }]);
    const left = await tenancy.database.query(
      `select datname from pg_database where datname like 'tierdeck_drill_%'`,
    );
    expect(left).toEqual([]);
    const stored = await readdir(join(dataDir, 'archives', 'shop'));
    expect(new Set(stored)).toEqual(new Set([backupId, before?.id]));
  }, 300_000);

  async function killAt(operation: string, points: readonly string[]): Promise<void> {
    for (const point of points) {
      const end = await runOperation(scratch.url, operation, point, { dataDir });
      expect({ point, ...end }).toEqual({ point, signal: 'SIGKILL', status: '' });
    }
    expect(await tenancy.perform(operation)).toBe('SUCCEEDED');
  }

  const inShop = async <T>(work: Parameters<typeof tenancy.databases.withTenant<T>>[1]): Promise<T> => {
    const { id, databaseId } = await tenancy.readModel.bySlug('shop');
    return tenancy.databases.withTenant({ id, databaseId: databaseId as string }, work);
  };

  const write = (code: string) =>
    inShop((client) => client.query(`insert into region (code, name) values ($1, 'R')`, [code]));

  const regions = (): Promise<string[]> =>
    inShop(async (client) => {
      const { rows } = await client.query<{ code: string }>('select code from region order by code');
      return rows.map(({ code }) => code);
    });
});
