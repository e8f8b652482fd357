import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../../test/support/until.js';
import { FakeControlPlane, tenantSnapshot } from './control-plane.fixture.js';
import { TierdeckRuntime } from './runtime.js';
import { createTenantDatabase, type TenantDatabaseFixture } from './tenant-database.fixture.js';
import type { RuntimeSnapshot, TenantSnapshot } from './wire.js';

describe('a tenant that is suspended for writes', () => {
  const id = randomUUID();
  let fixture: TenantDatabaseFixture;
  let controlPlane: FakeControlPlane;
  let runtime: TierdeckRuntime;
  let dataDir: string;

  const snapshotOf = (revision: number, how: Partial<TenantSnapshot>): RuntimeSnapshot => ({
    revision,
    tenants: [
      tenantSnapshot({
        id,
        slug: 'paused',
        databaseId: fixture.login.id,
        tokenHashes: [createHash('sha256').update('token').digest('hex')],
        ...how,
      }),
    ],
    databases: [fixture.login],
  });

  async function publish(revision: number, how: Partial<TenantSnapshot>): Promise<void> {
    controlPlane.publish(snapshotOf(revision, how));
    await until(() => runtime.revision === revision);
  }

  beforeAll(async () => {
    fixture = await createTenantDatabase([id]);
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-read-only-'));
    controlPlane = new FakeControlPlane(snapshotOf(1, { status: 'SUSPENDED', readOnly: true }));
    await controlPlane.start();
    runtime = await TierdeckRuntime.start({
      url: controlPlane.url,
      token: controlPlane.token,
      service: 'test',
      dataDir,
    });
  });

  afterAll(async () => {
    await runtime.stop();
    await controlPlane.stop();
    await fixture.drop();
    await rm(dataDir, { recursive: true });
  });

  const readOnly = { code: 'TENANT_READ_ONLY', httpStatus: 403 };
  const insert = `insert into item (sku) values (gen_random_uuid()::text)`;

  it('is served: its requests are let in and its rows are read', async () => {
    const tenant = runtime.authenticate('Bearer token');
    const rows = await runtime.admit(tenant, () => runtime.database(tenant).query('select sku from item'));
    expect(rows.rows).toHaveLength(1);
    const inTransaction = await runtime
      .database(tenant)
      .transaction((tx) => tx.query('select sku from item where sku = $1', [`own-${id}`]));
    expect(inTransaction.rows).toHaveLength(1);
  });

  it('is not written, whichever way a service tries', async () => {
    const scope = runtime.database({ id });
    await expect(scope.query(insert)).rejects.toMatchObject(readOnly);
    await expect(scope.query('with gone as (delete from item returning 1) select 1')).rejects.toMatchObject(
      readOnly,
    );
    await expect(scope.transaction((tx) => tx.query(insert))).rejects.toMatchObject(readOnly);
    // One that swallows the refusal, and one that tries to switch writes on again.
    await expect(
      scope.transaction(async (tx) => void (await tx.query(insert).catch(() => undefined))),
    ).rejects.toMatchObject(readOnly);
    await expect(
      scope.transaction(async (tx) => {
        await tx.query('select 1');
        await tx.query(`select set_config('transaction_read_only', 'off', true)`);
        await tx.query(insert);
      }),
    ).rejects.toThrow();
    const { rows } = await scope.query('select sku from item');
    expect(rows).toHaveLength(1);
  });

  it('is written again when it is resumed, over the same connections', async () => {
    await publish(2, { status: 'ACTIVE' });
    await runtime.database({ id }).query(insert);
    await runtime.database({ id }).transaction((tx) => tx.query(insert));
    expect((await runtime.database({ id }).query('select sku from item')).rows).toHaveLength(3);
    await publish(3, { status: 'SUSPENDED', readOnly: true });
    await expect(runtime.database({ id }).query(insert)).rejects.toMatchObject(readOnly);
  });

  it('is refused altogether when it is suspended for everything', async () => {
    await publish(4, { status: 'SUSPENDED' });
    expect(() => runtime.authenticate('Bearer token')).toThrow('suspended');
  });

  it('says that it ends in its last report', async () => {
    const other = await TierdeckRuntime.start({
      url: controlPlane.url,
      token: controlPlane.token,
      service: 'worker',
      tenant: 'paused',
      instanceId: 'worker-of-one',
      dataDir,
    });
    await until(() => controlPlane.reports.some(({ instanceId }) => instanceId === 'worker-of-one'));
    // Offboarded meanwhile: the worker still knows whose it was.
    controlPlane.publish({ ...snapshotOf(5, {}), tenants: [] });
    await until(() => other.revision === 5);
    await other.stop();
    const reports = controlPlane.reports.filter(({ instanceId }) => instanceId === 'worker-of-one');
    expect(reports.map(({ tenantId }) => tenantId)).toEqual(reports.map(() => id));
    expect(reports.at(-1)?.ended).toBe(true);
    expect(reports.slice(0, -1).some(({ ended }) => ended)).toBe(false);
  });
});
