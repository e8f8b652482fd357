import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';
import type { Placement } from '../tenant.js';
import { FakeKubernetes } from '../workers/kubernetes.fixture.js';
import { WorkerPoolsService } from '../workers/worker-pools.service.js';

describe('change of integration workers', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let tenantId: string;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    tenantId = await tenancy.onboard(tenantManifest('moving'));
  });

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
  });

  function change(integrationWorkers: Placement): Promise<string | undefined> {
    return tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.tenants.changePlacement(command, { tenant: 'moving', integrationWorkers }),
    );
  }

  async function waiting(operation: string): Promise<void> {
    for (;;) {
      const [row] = await tenancy.database.query<{ status: string }>(
        'select status from operation where id = $1',
        [operation],
      );
      if (row?.status === 'WAITING') return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('is wished at once, told to the data plane, and done when the worker reports', async () => {
    const operation = (await change('DEDICATED')) as string;
    const { tenants } = await tenancy.databases.snapshot();
    expect(tenants[0]).toMatchObject({ tier: 'HYBRID', integrationWorkers: 'DEDICATED', status: 'ACTIVE' });
    await waiting(operation);
    await tenancy.heartbeat('distribution', null);
    await tenancy.heartbeat('integration-worker', tenantId);
    expect(await tenancy.operations.settled(operation, 10_000)).toBe('SUCCEEDED');
    expect(await change('DEDICATED')).toBeUndefined();
  });

  it('back to the pool is done when the dedicated worker has ended', async () => {
    const operation = (await change('SHARED')) as string;
    await waiting(operation);
    await tenancy.database.query(`update runtime_instance set seen_at = now() - interval '1 minute'`);
    expect(await tenancy.operations.settled(operation, 10_000)).toBe('SUCCEEDED');
  });

  it('gives way to a later wish', async () => {
    const first = (await change('DEDICATED')) as string;
    await waiting(first);
    const second = (await change('SHARED')) as string;
    expect(await tenancy.operations.settled(first, 10_000)).toBe('SUCCEEDED');
    expect(await tenancy.operations.settled(second, 10_000)).toBe('SUCCEEDED');
    expect((await tenancy.readModel.bySlug('moving')).workerPlacement).toBe('SHARED');
  });

  it('runs the workers in a Kubernetes namespace where that is the pool, and takes them away again', async () => {
    const kubernetes = new FakeKubernetes();
    const service = tenancy.app.get(WorkerPoolsService);
    const apiServer = await kubernetes.start();
    try {
      await tenancy.foundation.commands.asSystem('test', async (command) => {
        await service.register(command, {
          name: 'cluster',
          capacity: 1,
          apiServer,
          namespace: 'workers',
          image: 'tierdeck',
          environmentSecret: 'tierdeck-worker',
          token: 'the-token',
        });
        await service.retire(command, 'local');
      });
      await tenancy.database.query(`update runtime_instance set seen_at = now() - interval '1 minute'`);
      const there = (await change('DEDICATED')) as string;
      await waiting(there);
      expect([...kubernetes.deployments.keys()]).toEqual(['tierdeck-worker-moving']);
      await tenancy.heartbeat('integration-worker', tenantId);
      expect(await tenancy.operations.settled(there, 10_000)).toBe('SUCCEEDED');
      const back = (await change('SHARED')) as string;
      await waiting(back);
      expect(kubernetes.deployments.size).toBe(0);
      await tenancy.database.query(`update runtime_instance set seen_at = now() - interval '1 minute'`);
      expect(await tenancy.operations.settled(back, 10_000)).toBe('SUCCEEDED');
      const pools = await tenancy.database.query('select worker_pool from tenant where id = $1', [tenantId]);
      expect(pools).toEqual([{ worker_pool: null }]);
    } finally {
      await kubernetes.stop();
    }
  });
});
