import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LifecycleService, TenantArchives } from '#tenancy';
import { countRows, total } from '../../libs/tenancy/src/databases/tenant-rows.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { everyKill, killPoints, killSeed, seeded } from '../support/kill-points.js';
import { runOperation } from '../support/operation-process.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

/** Where the process dies, each time at a later point of the same offboarding. */
const deaths = {
  untilRetention: ['drain:done', 'export:progress:1', 'export:done'],
  shared: ['retain:done', 'delete-data:progress:2', 'delete-data:done', 'prove:done', 'close:begin'],
  dedicated: ['delete-data:after:drop database', 'delete-data:after:drop role', 'prove:begin'],
};
const randomKills = everyKill ? 2 : 1;

describe(`an offboarding killed with SIGKILL in every step (TIERDECK_TEST_SEED=${killSeed})`, () => {
  const random = seeded(killSeed);
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let dataDir: string;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-offboarding-'));
    tenancy = await TestTenancy.start(scratch.url, { reconcile: false, configuration: { dataDir } });
    await tenancy.reconcile();
    await tenancy.onboard(tenantManifest('leaving'));
    await tenancy.onboard(tenantManifest('staying'));
    await tenancy.onboard(tenantManifest('own-one', { database: 'DEDICATED' }));
    await tenancy.rest();
  }, 120_000);

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('of a shared tenant waits for a legal hold, ends, and leaves nothing but one receipt', async () => {
    const staying = await tenancy.readModel.bySlug('staying');
    const before = await rowsInPool(staying.id);
    const lifecycle = tenancy.app.get(LifecycleService);
    const { id } = await tenancy.readModel.bySlug('leaving');
    const operation = await offboard('leaving');
    const hold = await command((c) => lifecycle.placeHold(c, { tenant: 'leaving', reason: 'a dispute' }));
    await killAt(operation, [...killPoints(deaths.untilRetention, 1, random), 'retain:begin']);
    expect(await rowsInPool(id)).toBeGreaterThan(0);
    await command((c) => lifecycle.releaseHold(c, { id: hold, reason: 'settled' }));
    await killAt(operation, killPoints(deaths.shared, 2, random));
    expect(await tenancy.perform(operation)).toBe('SUCCEEDED');
    await expectGone(id, operation);
    expect(await rowsInPool(staying.id)).toBe(before);
  }, 300_000);

  it('of a dedicated tenant ends whenever it dies', async () => {
    const { id, databaseId } = await tenancy.readModel.bySlug('own-one');
    const { database, role } = await tenancy.databases.login(databaseId as string);
    const operation = await offboard('own-one');
    for (let n = 0; n < randomKills; n++) {
      await kill(operation, `any:statements:${1 + Math.floor(random() * 25)}`);
    }
    for (const point of killPoints(deaths.dedicated, 1, random)) await kill(operation, point);
    expect(await tenancy.perform(operation)).toBe('SUCCEEDED');
    await expectGone(id, operation);
    const left = await tenancy.database.query(
      'select datname from pg_database where datname = $1 union all select rolname from pg_roles where rolname = $2',
      [database, role],
    );
    expect(left).toEqual([]);
    expect((await tenancy.databases.databases()).map(({ name }) => name)).not.toContain(database);
  }, 300_000);

  const command = <T>(work: Parameters<typeof tenancy.foundation.commands.asSystem<T>>[1]): Promise<T> =>
    tenancy.foundation.commands.asSystem('test', work);

  const offboard = (slug: string): Promise<string> =>
    command((c) =>
      tenancy.app.get(LifecycleService).offboard(c, {
        tenant: slug,
        confirm: slug,
        reason: 'contract ended',
        retentionHours: 0,
      }),
    );

  const kill = (operation: string, point: string): ReturnType<typeof runOperation> =>
    runOperation(scratch.url, operation, point, { dataDir });

  async function killAt(operation: string, points: readonly string[]): Promise<void> {
    for (const point of points) {
      const end = await kill(operation, point);
      expect({ point, ...end }).toEqual({ point, signal: 'SIGKILL', status: '' });
    }
  }

  async function rowsInPool(tenantId: string): Promise<number> {
    const pool = (await tenancy.databases.databases()).find(({ kind }) => kind === 'POOLED');
    const client = await tenancy.databases.connect(pool?.id as string);
    try {
      return total(await countRows(client, tenantId));
    } finally {
      await client.end();
    }
  }

  /** Nothing of the tenant is left, its archive is unreadable, and each stage is told of once. */
  async function expectGone(id: string, operation: string): Promise<void> {
    const [tenant] = await tenancy.readModel.byIds([id]);
    expect(tenant).toMatchObject({ status: 'OFFBOARDED', databaseId: null });
    expect(await rowsInPool(id)).toBe(0);
    const told = await tenancy.database.query<{ action: string; times: number }>(
      `select action, count(*)::int as times from audit_event
       where tenant_id = $1 and (correlation = $2 or action in ('tenant-key.shredded', 'operation.succeeded'))
       group by action order by action`,
      [id, `operation/${operation}`],
    );
    expect(Object.fromEntries(told.map(({ action, times }) => [action, times]))).toMatchObject({
      'tenant.archived': 1,
      'tenant.erasure-begun': 1,
      'tenant.offboarded': 1,
    });
    const [receipt] = await tenancy.database.query<{ receipt: { checks: { found: number }[] } }>(
      `select after -> 'receipt' as receipt from audit_event where tenant_id = $1 and action = 'tenant.offboarded'`,
      [id],
    );
    expect(receipt?.receipt.checks.filter(({ found }) => found > 0)).toEqual([]);
    const keys = await tenancy.database.query(
      'select from tenant_key where tenant_id = $1 and shredded_at is null',
      [id],
    );
    expect(keys).toEqual([]);
    const archive = tenancy.app.get(TenantArchives).open({ id, slug: tenant?.slug ?? '' }, operation);
    await expect(archive).rejects.toMatchObject({ code: 'TENANT_KEY_SHREDDED' });
  }
});
