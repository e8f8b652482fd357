import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';

describe('onboarding', () => {
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

  it('brings a shared tenant into the pooled database, with its units known to the control plane', async () => {
    const id = await tenancy.onboard(tenantManifest('shared-one'));
    const tenant = await tenancy.readModel.bySlug('shared-one');
    expect(tenant.status).toBe('ACTIVE');
    const home = (await tenancy.databases.databases()).find((one) => one.id === tenant.databaseId);
    expect(home).toMatchObject({ kind: 'POOLED', tenantIds: [id] });
    const units = await tenancy.readModel.units(id);
    expect(new Set(units.map(({ kind }) => kind))).toEqual(
      new Set(['REGION', 'BRANCH', 'WAREHOUSE', 'ACCOUNT']),
    );
    const branch = units.find(({ kind }) => kind === 'BRANCH');
    expect(branch?.parentKind).toBe('REGION');
    const { tenants, databases } = await tenancy.databases.snapshot();
    expect(tenants.find(({ slug }) => slug === 'shared-one')).toMatchObject({
      status: 'ACTIVE',
      tier: 'SHARED',
    });
    expect(databases.map(({ id }) => id)).toContain(tenant.databaseId);
  });

  it('waits for the dedicated workers of a hybrid tenant, whose database is served to them already', async () => {
    const { operationIds } = await tenancy.apply(
      tenantManifest('hybrid-one', { integrationWorkers: 'DEDICATED' }),
    );
    const operation = operationIds[0] as string;
    await until(async () => (await step(operation, 'start-workers')) === 'WAITING');
    const waiting = await tenancy.readModel.bySlug('hybrid-one');
    expect(waiting.status).toBe('PROVISIONING');
    const { tenants } = await tenancy.databases.snapshot();
    expect(tenants.find(({ slug }) => slug === 'hybrid-one')).toMatchObject({
      status: 'SUSPENDED',
      tier: 'HYBRID',
      integrationWorkers: 'DEDICATED',
    });
    await tenancy.heartbeat('integration-worker', waiting.id);
    expect(await tenancy.operations.settled(operation, 10_000)).toBe('SUCCEEDED');
    expect((await tenancy.readModel.bySlug('hybrid-one')).status).toBe('ACTIVE');
  });

  it('gives a dedicated tenant a database and a login role that nobody else may use', async () => {
    const { operationIds } = await tenancy.apply(
      tenantManifest('own-one', { database: 'DEDICATED', integrationWorkers: 'DEDICATED' }),
    );
    await tenancy.heartbeat('integration-worker', (await tenancy.readModel.bySlug('own-one')).id);
    expect(await tenancy.operations.settled(operationIds[0] as string, 60_000)).toBe('SUCCEEDED');
    const tenant = await tenancy.readModel.bySlug('own-one');
    const home = (await tenancy.databases.databases()).find((one) => one.id === tenant.databaseId);
    expect(home).toMatchObject({ kind: 'DEDICATED', tenantIds: [tenant.id] });
    const admin = await tenancy.databases.connect(tenant.databaseId as string);
    const { rows } = await admin.query<{ rolname: string }>(
      `select rolname from pg_roles where rolcanlogin and not rolsuper
         and has_database_privilege(rolname, current_database(), 'CONNECT')`,
    );
    await admin.end();
    expect(rows.map(({ rolname }) => rolname)).toEqual([home?.loginRole]);
  });

  it('ends FAILED with the reason, and goes on from the failed step when retried', async () => {
    const { operationIds } = await tenancy.apply(tenantManifest('unlucky', { data: { kit: 'build' } }));
    const operation = operationIds[0] as string;
    expect(await tenancy.operations.settled(operation, 30_000)).toBe('FAILED');
    expect((await tenancy.readModel.bySlug('unlucky')).status).toBe('FAILED');
    const [row] = await tenancy.database.query<{ error_code: string }>(
      'select error_code from operation where id = $1',
      [operation],
    );
    expect(row?.error_code).toBe('KIT_INVALID');
    await tenancy.database.query(
      `update operation set input = jsonb_set(input, '{kit}', '"northwind"') where id = $1`,
      [operation],
    );
    await tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.operations.retry(command, operation),
    );
    expect((await tenancy.readModel.bySlug('unlucky')).status).toBe('PROVISIONING');
    expect(await tenancy.operations.settled(operation, 30_000)).toBe('SUCCEEDED');
    expect((await tenancy.readModel.bySlug('unlucky')).status).toBe('ACTIVE');
    const [tries] = await tenancy.database.query<{ attempts: number }>(
      `select attempts from operation_step where operation_id = $1 and name = 'reserve-database'`,
      [operation],
    );
    expect(tries?.attempts).toBe(1);
  });

  it('takes units from the manifest where there is no kit', async () => {
    const id = await tenancy.onboard(
      tenantManifest('by-hand', {
        data: undefined,
        units: {
          regions: [{ code: 'north', name: 'North' }],
          branches: [{ code: 'oslo', name: 'Oslo', region: 'north' }],
          warehouses: [{ code: 'oslo-1', name: 'Oslo 1', branch: 'oslo' }],
        },
      }),
    );
    const units = await tenancy.readModel.units(id);
    expect(units.map(({ kind, code, parentCode }) => [kind, code, parentCode])).toEqual([
      ['BRANCH', 'oslo', 'north'],
      ['REGION', 'north', null],
      ['WAREHOUSE', 'oslo-1', 'oslo'],
    ]);
  });

  async function step(operation: string, name: string): Promise<string | undefined> {
    const [row] = await tenancy.database.query<{ status: string }>(
      'select status from operation_step where operation_id = $1 and name = $2',
      [operation, name],
    );
    return row?.status;
  }
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not come about');
}
