import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';
import { countRows, total } from '../databases/tenant-rows.js';
import { TenantKeys } from '../keys/index.js';
import type { Suspension } from '../tenant.js';
import { LifecycleService } from './lifecycle.service.js';

describe('the life of a tenant', () => {
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

  const run = <T>(work: (life: LifecycleService, command: never) => Promise<T>): Promise<T> =>
    tenancy.foundation.commands.asSystem('test', (command) =>
      work(tenancy.app.get(LifecycleService), command as never),
    );
  const suspend = (tenant: string, mode?: Suspension): Promise<void> =>
    run((life, command) => life.suspend(command, { tenant, mode }));
  const offboard = (tenant: string, retentionHours = 1): Promise<string> =>
    run((life, command) => life.offboard(command, { tenant, confirm: tenant, retentionHours }));
  const undelete = (tenant: string): Promise<string | undefined> =>
    run((life, command) => life.undelete(command, { tenant }));
  const hold = (tenant: string, reason = 'lawsuit'): Promise<string> =>
    run((life, command) => life.placeHold(command, { tenant, reason }));
  const release = (id: string): Promise<string> =>
    run((life, command) => life.releaseHold(command, { id, reason: 'settled' }));

  async function waits(operation: string, step: string): Promise<string> {
    for (;;) {
      const [row] = await tenancy.database.query<{ status: string; error_message: string }>(
        'select status, error_message from operation_step where operation_id = $1 and name = $2',
        [operation, step],
      );
      if (row?.status === 'WAITING') return row.error_message;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function entry(slug: string) {
    return (await tenancy.databases.snapshot()).tenants.find((tenant) => tenant.slug === slug);
  }

  it('is suspended for writes alone or for everything, and told so to the data plane', async () => {
    await tenancy.onboard(tenantManifest('paused', { data: undefined }));
    await suspend('paused', 'READ_ONLY');
    expect(await entry('paused')).toMatchObject({ status: 'SUSPENDED', readOnly: true });
    await expect(suspend('paused', 'READ_ONLY')).rejects.toMatchObject({ code: 'TENANT_STATUS_CONFLICT' });
    await suspend('paused', 'ALL');
    expect((await entry('paused'))?.readOnly).toBeUndefined();
    await run((life, command) => life.resume(command, { tenant: 'paused' }));
    expect(await entry('paused')).toMatchObject({ status: 'ACTIVE' });
  });

  it('is archived and kept for its retention time, in which it comes back as it was', async () => {
    const id = await tenancy.onboard(tenantManifest('regretted', { database: 'DEDICATED' }));
    const { databaseId } = await tenancy.readModel.bySlug('regretted');
    const rows = async (): Promise<number> => {
      const client = await tenancy.databases.connect(databaseId as string);
      try {
        return total(await countRows(client, id));
      } finally {
        await client.end();
      }
    };
    const before = { rows: await rows(), units: await tenancy.readModel.units(id) };
    await suspend('regretted', 'READ_ONLY');
    const operation = await offboard('regretted');
    expect(await waits(operation, 'retain')).toContain('kept until');
    expect(await entry('regretted')).toBeUndefined();
    const [backup] = await tenancy.database.query<{ reason: string; rows: string }>(
      'select reason, rows from tenant_backup where tenant_id = $1',
      [id],
    );
    expect(backup?.reason).toBe('OFFBOARDING');
    await undelete('regretted');
    expect(await tenancy.operations.settled(operation, 5_000)).toBe('CANCELLED');
    expect(await entry('regretted')).toMatchObject({ status: 'SUSPENDED', readOnly: true });
    expect({ rows: await rows(), units: await tenancy.readModel.units(id) }).toEqual(before);
    const retried = tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.operations.retry(command, operation),
    );
    await expect(retried).rejects.toMatchObject({ code: 'TENANT_STATUS_CONFLICT' });
  });

  it('has its own workers started again when it comes back', async () => {
    const { operationIds } = await tenancy.apply(
      tenantManifest('staffed', { integrationWorkers: 'DEDICATED', data: undefined }),
    );
    const { id } = await tenancy.readModel.bySlug('staffed');
    const worker = await tenancy.heartbeat('integration-worker', id);
    expect(await tenancy.operations.settled(operationIds[0] as string, 30_000)).toBe('SUCCEEDED');
    await waits(await offboard('staffed'), 'retain');
    await tenancy.database.query('update runtime_instance set ended_at = now() where id = $1', [worker]);
    const back = (await undelete('staffed')) as string;
    expect(await waits(back, 'start-workers')).toContain('Waiting for an integration worker');
    await tenancy.heartbeat('integration-worker', id);
    expect(await tenancy.operations.settled(back, 30_000)).toBe('SUCCEEDED');
  });

  it('is not erased under a legal hold, whoever asks, and is when it is released', async () => {
    const id = await tenancy.onboard(tenantManifest('disputed', { data: undefined }));
    const first = await hold('disputed');
    await expect(offboard('disputed')).rejects.toMatchObject({ code: 'LEGAL_HOLD' });
    await release(first);
    await expect(release(first)).rejects.toMatchObject({ code: 'LEGAL_HOLD_NOT_FOUND' });
    const operation = await offboard('disputed');
    await waits(operation, 'retain');
    const second = await hold('disputed', 'tax audit');
    const beginErasure = (): Promise<unknown> =>
      tenancy.database.query(
        `update tenant set erase_after = now() - interval '1 s', erasing_since = now() where id = $1`,
        [id],
      );
    await expect(beginErasure()).rejects.toThrow('under legal hold');
    await tenancy.database.query(`update tenant set erase_after = now() - interval '1 s' where id = $1`, [
      id,
    ]);
    await tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.operations.hurry(command, operation),
    );
    while (!(await waits(operation, 'retain')).includes('tax audit'));
    await release(second);
    expect(await tenancy.operations.settled(operation, 30_000)).toBe('SUCCEEDED');
    await expect(hold('disputed')).rejects.toMatchObject({ code: 'ERASURE_BEGUN' });
    await expect(undelete('disputed')).rejects.toMatchObject({ code: 'TENANT_STATUS_CONFLICT' });
  });

  it('is not erased inside its retention time, and never comes back after, says the database itself', async () => {
    const id = await tenancy.onboard(tenantManifest('guarded', { data: undefined }));
    const set = (what: string): Promise<unknown> =>
      tenancy.database.query(`update tenant set ${what} where id = $1`, [id]);
    await set(`status = 'OFFBOARDING', erase_after = now() + interval '1 h'`);
    await expect(set('erasing_since = now()')).rejects.toThrow('retention time');
    await set(`erase_after = now()`);
    await set('erasing_since = now()');
    await expect(set(`status = 'ACTIVE'`)).rejects.toThrow('never comes back');
    await expect(hold('guarded')).rejects.toMatchObject({ code: 'ERASURE_BEGUN' });
    await expect(undelete('guarded')).rejects.toMatchObject({ code: 'ERASURE_BEGUN' });
    await expect(
      tenancy.database.query(
        `insert into legal_hold (id, tenant_id, reason, placed_by) values (gen_random_uuid(), $1, 'late', 'x')`,
        [id],
      ),
    ).rejects.toThrow('has begun');
  });

  it('ends with a receipt of what was looked for, and with a key that nobody can use again', async () => {
    const id = await tenancy.onboard(tenantManifest('ending', { database: 'DEDICATED' }));
    const operation = await offboard('ending', 0);
    expect(await tenancy.operations.settled(operation, 30_000)).toBe('SUCCEEDED');
    const [row] = await tenancy.database.query<{ receipt: Receipt }>(
      `select after -> 'receipt' as receipt from audit_event where tenant_id = $1 and action = 'tenant.offboarded'`,
      [id],
    );
    const receipt = row?.receipt as Receipt;
    expect(receipt.checks.length).toBeGreaterThanOrEqual(9);
    expect(receipt.checks.every(({ found }) => found === 0)).toBe(true);
    expect(receipt.checks.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['database', 'login role', 'integration jobs', 'entry in the runtime snapshot']),
    );
    expect(receipt.controlPlane.erased['unit']).toBeGreaterThan(0);
    expect(Object.keys(receipt.controlPlane.kept)).not.toContain('unit');
    expect(receipt.keysDestroyed).toBe(1);
    expect(receipt.export.rows).toBeGreaterThan(0);
    await expect(tenancy.app.get(TenantKeys).current(id)).rejects.toMatchObject({
      code: 'TENANT_KEY_SHREDDED',
    });
  });

  it('takes only what makes sense', async () => {
    await tenancy.onboard(tenantManifest('sound', { data: undefined }));
    await expect(offboard('sound', -1)).rejects.toMatchObject({ field: 'retentionHours' });
    await expect(offboard('sound', 1e9)).rejects.toMatchObject({ field: 'retentionHours' });
    await expect(hold('sound', '  ')).rejects.toMatchObject({ field: 'reason' });
    await expect(hold('sound', 'x'.repeat(1_001))).rejects.toMatchObject({ field: 'reason' });
    await expect(undelete('sound')).rejects.toMatchObject({ code: 'TENANT_STATUS_CONFLICT' });
    await expect(release('no-uuid')).rejects.toMatchObject({ code: 'LEGAL_HOLD_NOT_FOUND' });
  });
});

interface Receipt {
  checks: { what: string; where: string; found: number }[];
  controlPlane: { erased: Record<string, number>; kept: Record<string, number> };
  keysDestroyed: number;
  export: { rows: number };
}
