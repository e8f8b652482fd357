import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { faultAt } from '../../../../test/support/move-faults.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';
import { countRows, tenantTables, total } from '../databases/tenant-rows.js';
import { leaveHome } from '../moves/tenant-home.js';
import { BackupsService, ScratchDatabases } from '../backups/index.js';
import { LifecycleService } from '../lifecycle/lifecycle.service.js';
import { OFFBOARD_TENANT } from './offboard-tenant.operation.js';
import { OffboardingPlanner } from './offboarding-plan.js';
import { TenantTokensService } from '../tenant-tokens.service.js';

describe('offboarding', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
  });

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
  });

  function offboard(slug: string): Promise<string> {
    return tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.app.get(LifecycleService).offboard(command, {
        tenant: slug,
        confirm: slug,
        reason: 'contract ended',
        retentionHours: 0,
      }),
    );
  }

  async function rowsIn(databaseId: string, tenantId: string): Promise<number> {
    const client = await tenancy.databases.connect(databaseId);
    try {
      return total(await countRows(client, tenantId));
    } finally {
      await client.end();
    }
  }

  it('deletes every row of a shared tenant and none of its neighbour', async () => {
    const leaving = await tenancy.onboard(tenantManifest('leaving'));
    const staying = await tenancy.onboard(tenantManifest('staying'));
    const { databaseId } = await tenancy.readModel.bySlug('leaving');
    const token = await tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.app.get(TenantTokensService).create(command, { tenant: 'leaving', name: 'erp' }),
    );
    const before = await rowsIn(databaseId as string, staying);
    expect(await tenancy.operations.settled(await offboard('leaving'), 30_000)).toBe('SUCCEEDED');
    expect(await rowsIn(databaseId as string, leaving)).toBe(0);
    expect(await rowsIn(databaseId as string, staying)).toBe(before);
    expect(await tenancy.readModel.bySlug('leaving')).toMatchObject({
      status: 'OFFBOARDED',
      databaseId: null,
    });
    expect(await tenancy.readModel.units(leaving)).toEqual([]);
    const [row] = await tenancy.database.query<{ revoked: boolean }>(
      'select revoked_at is not null as revoked from tenant_token where id = $1',
      [token.id],
    );
    expect(row?.revoked).toBe(true);
    await expect(tenancy.apply(tenantManifest('leaving', { name: 'Again' }))).rejects.toThrow(
      'was offboarded',
    );
  });

  it('says before what would be erased, and what stands in the way', async () => {
    await tenancy.onboard(tenantManifest('weighed', { database: 'DEDICATED' }));
    const tenant = await tenancy.readModel.bySlug('weighed');
    await tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.app.get(TenantTokensService).create(command, { tenant: 'weighed', name: 'erp' }),
    );
    const planner = tenancy.app.get(OffboardingPlanner);
    const plan = await planner.plan(tenant);
    expect(plan).toMatchObject({ databaseDropped: true, tokens: 1, archives: 0, retentionHours: 168 });
    expect(plan.blockers).toEqual([]);
    expect(plan.rows).toBe(await rowsIn(tenant.databaseId as string, tenant.id));
    expect(total(Object.fromEntries(plan.tables.map(({ table, rows }) => [table, rows])))).toBe(plan.rows);

    await tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.app.get(LifecycleService).placeHold(command, { tenant: 'weighed', reason: 'lawsuit' }),
    );
    expect((await planner.plan(tenant)).blockers).toEqual(['A legal hold keeps the data: lawsuit']);
  });

  it('drops database and role of a dedicated tenant, also while it is connected', async () => {
    await tenancy.onboard(tenantManifest('own-one', { database: 'DEDICATED' }));
    const { databaseId } = await tenancy.readModel.bySlug('own-one');
    const connected = await tenancy.databases.connectAsService(databaseId as string);
    const { database, role } = await tenancy.databases.login(databaseId as string);
    // As if it had moved there from the pool, which says so to whoever still asks for it.
    const pool = (await tenancy.databases.databases()).find(({ kind }) => kind === 'POOLED')?.id ?? '';
    const { id } = await tenancy.readModel.bySlug('own-one');
    const inPool = await tenancy.databases.connect(pool);
    await leaveHome(inPool, id);
    await inPool.end();
    expect(await rowsIn(pool, id)).toBe(1);
    expect(await tenancy.operations.settled(await offboard('own-one'), 30_000)).toBe('SUCCEEDED');
    await expect(connected.query('select 1')).rejects.toThrow();
    const left = await tenancy.database.query(
      'select datname from pg_database where datname = $1 union all select rolname from pg_roles where rolname = $2',
      [database, role],
    );
    expect(left).toEqual([]);
    expect(await rowsIn(pool, id)).toBe(0);
    expect((await tenancy.databases.databases()).map(({ name }) => name)).not.toContain(database);
  });

  it('drops what was restored beside the tenant, and lets nothing be restored once it has begun to erase', async () => {
    const id = await tenancy.onboard(tenantManifest('copied'));
    const backups = tenancy.app.get(BackupsService);
    const command = <T>(work: Parameters<typeof tenancy.foundation.commands.asSystem<T>>[1]): Promise<T> =>
      tenancy.foundation.commands.asSystem('test', work);
    const { operationId } = await command((c) => backups.backUp(c, 'copied'));
    expect(await tenancy.operations.settled(operationId, 30_000)).toBe('SUCCEEDED');
    const aside = await command((c) => backups.restore(c, { tenant: 'copied', mode: 'SIDE_BY_SIDE' }));
    expect(await tenancy.operations.settled(aside.operationId, 30_000)).toBe('SUCCEEDED');
    const copies = (): Promise<unknown[]> => tenancy.app.get(ScratchDatabases).ofTenant(id);
    expect(await copies()).toHaveLength(1);
    const put = faultAt(tenancy, OFFBOARD_TENANT, 'delete-data', {
      before: async () => {
        for (const late of [
          command((c) => backups.restore(c, { tenant: 'copied', mode: 'SIDE_BY_SIDE' })),
          command((c) => backups.drill(c, 'copied')),
        ]) {
          await expect(late).rejects.toMatchObject({ code: 'ERASURE_BEGUN' });
        }
      },
    });
    const operation = await offboard('copied');
    expect(await tenancy.operations.settled(operation, 30_000)).toBe('SUCCEEDED');
    put();
    expect(await copies()).toEqual([]);
    const [row] = await tenancy.database.query<{ proof: { what: string; found: number }[] }>(
      `select state->'proof' as proof from operation where id = $1`,
      [operation],
    );
    expect(row?.proof).toContainEqual(
      expect.objectContaining({ what: 'databases with an archive of it', found: 0 }),
    );
  });

  it('waits until every living process has let the tenant go', async () => {
    await tenancy.onboard(tenantManifest('served'));
    const instance = await tenancy.heartbeat('distribution', null, 0);
    const operation = await offboard('served');
    const drain = async (): Promise<string | undefined> => {
      const [row] = await tenancy.database.query<{ status: string }>(
        `select status from operation_step where operation_id = $1 and name = 'drain'`,
        [operation],
      );
      return row?.status;
    };
    while ((await drain()) !== 'WAITING') await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await tenancy.databases.snapshot()).tenants.map(({ slug }) => slug)).not.toContain('served');
    await tenancy.database.query('update runtime_instance set applied_revision = 1000000 where id = $1', [
      instance,
    ]);
    expect(await tenancy.operations.settled(operation, 30_000)).toBe('SUCCEEDED');
  });

  it('removes what a failed onboarding has left, and lets that onboarding not go on', async () => {
    const { operationIds } = await tenancy.apply(
      tenantManifest('half-made', { database: 'DEDICATED', data: { kit: 'build' } }),
    );
    expect(await tenancy.operations.settled(operationIds[0] as string, 30_000)).toBe('FAILED');
    expect(await tenancy.operations.settled(await offboard('half-made'), 30_000)).toBe('SUCCEEDED');
    const left = await tenancy.database.query(
      `select datname from pg_database where datname like '%half_made'`,
    );
    expect(left).toEqual([]);
    const retried = tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.operations.retry(command, operationIds[0] as string),
    );
    await expect(retried).rejects.toMatchObject({ code: 'TENANT_STATUS_CONFLICT' });
  });

  it('orders tables so that those which refer to others come first', async () => {
    await tenancy.onboard(tenantManifest('ordered'));
    const { databaseId } = await tenancy.readModel.bySlug('ordered');
    const client = await tenancy.databases.connect(databaseId as string);
    const tables = await tenantTables(client);
    await client.end();
    expect(tables.indexOf('allocation')).toBeLessThan(tables.indexOf('sales_order_line'));
    expect(tables.indexOf('sales_order_line')).toBeLessThan(tables.indexOf('sales_order'));
    expect(tables.indexOf('account')).toBeLessThan(tables.indexOf('branch'));
    expect(new Set(tables).size).toBe(tables.length);
  });
});
