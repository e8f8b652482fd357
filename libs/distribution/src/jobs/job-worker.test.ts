import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createLogger } from '#platform';
import type { RuntimeTenant } from '#runtime';
import { createJobRuntime, eventually, type JobRuntime } from '../../../../test/support/job-runtime.js';
import type { JobContext } from './job-handler.js';
import { enqueueJob } from './job-queue.js';
import { JobWorker } from './job-worker.js';

const logger = createLogger('test', 'silent');
/** So long that only a notice can be what woke the worker. */
const never = 3_600_000;

describe('a job worker', () => {
  let host: JobRuntime;
  let workers: JobWorker[] = [];
  let done: string[] = [];

  beforeAll(async () => {
    host = await createJobRuntime(['noisy', 'quiet', 'calm', 'apart!']);
  });
  afterAll(() => host.stop());
  afterEach(async () => {
    for (const worker of workers) await worker.stop();
    workers = [];
    done = [];
    for (const test of host.data.tenants) await host.data.asTenant(test, 'delete from integration_job');
  });

  const put = (slug: string, count = 1, payload: Record<string, unknown> = {}) =>
    host.tenant(slug).scope.transaction(async (tx) => {
      for (let i = 0; i < count; i++) await enqueueJob(tx, { kind: 'note', payload });
    });
  const statuses = async (slug: string): Promise<string[]> => {
    const { rows } = await host
      .tenant(slug)
      .scope.query<{ status: string }>('select status from integration_job order by created_at');
    return rows.map(({ status }) => status);
  };

  function work(options: {
    serves?: (tenant: RuntimeTenant) => boolean;
    capacity?: number;
    reserved?: number;
    handle?: (context: JobContext) => Promise<unknown>;
  }): JobWorker {
    const worker = new JobWorker({
      runtime: host.runtime,
      logger,
      serves: options.serves ?? (({ integrationWorkers }) => integrationWorkers === 'SHARED'),
      capacity: options.capacity ?? 4,
      reserved: options.reserved ?? 1,
      sweepMs: never,
      backoff: { baseMs: 1, maxMs: 1 },
      handlers: [
        {
          kind: 'note',
          handle: async (context) => {
            await options.handle?.(context);
            context.afterCommit(() => done.push(context.tenant.slug));
            return {};
          },
        },
      ],
    });
    workers.push(worker);
    worker.start();
    return worker;
  }

  test('does what was queued before it started, and is woken by what comes later', async () => {
    await put('noisy', 3);
    work({});
    await eventually(() => done.length === 3);
    await put('quiet', 1);
    await put('noisy', 1);
    await eventually(() => done.length === 5);
    expect(await statuses('quiet')).toEqual(['DONE']);
  });

  test('a job that claims to be of another tenant is done for the one whose queue it lies in', async () => {
    const [own, other] = [host.tenant('noisy'), host.tenant('quiet')];
    const served: string[] = [];
    work({
      handle: async ({ tenant, tx }) => {
        const { rows } = await tx.query<{ id: string }>(`select current_setting('tierdeck.tenant_id') as id`);
        served.push(`${tenant.id} ${rows[0]?.id}`);
      },
    });
    await put('noisy', 1, { tenant: other.test.slug, tenantId: other.test.id, tenant_id: other.test.id });
    await eventually(() => done.length === 1);
    expect(served).toEqual([`${own.test.id} ${own.test.id}`]);
    expect(done).toEqual(['noisy']);
    // Nor does the queue of the other one take it.
    const forged = own.scope.query(
      `insert into integration_job (tenant_id, kind, payload) values ($1, 'note', '{}')`,
      [other.test.id],
    );
    await expect(forged).rejects.toMatchObject({ code: '42501' });
    expect(await statuses('quiet')).toEqual([]);
  });

  test('a quiet tenant does not stand behind the flood of a noisy one', async () => {
    await put('noisy', 500);
    // No slot is kept free: the turns alone must do it.
    work({ reserved: 0 });
    await eventually(() => done.length > 20);
    await put('quiet', 5);
    await put('calm', 5);
    await eventually(() => done.filter((slug) => slug !== 'noisy').length === 10);
    const last = Math.max(done.lastIndexOf('quiet'), done.lastIndexOf('calm'));
    const first = done.findIndex((slug) => slug !== 'noisy');
    // Of the slots given out while the ten were done, the noisy tenant had about a third; without turns it has them all.
    expect(done.slice(first, last).filter((slug) => slug === 'noisy').length).toBeLessThanOrEqual(20);
    await eventually(() => done.length === 510);
  });

  test('a tenant that holds all it may leaves slots for the others', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    await put('noisy', 20);
    work({ handle: ({ tenant }) => (tenant.slug === 'noisy' ? gate : Promise.resolve()) });
    await eventually(
      async () => (await statuses('noisy')).filter((status) => status === 'RUNNING').length === 3,
    );
    await put('quiet', 5);
    await eventually(() => done.filter((slug) => slug === 'quiet').length === 5);
    expect((await statuses('noisy')).filter((status) => status === 'RUNNING')).toHaveLength(3);
    open();
    await eventually(() => done.length === 25);
  });

  test('leaves the jobs of a tenant with workers of its own alone, and a dedicated one all others', async () => {
    await put('apart');
    await put('noisy');
    const pooled = work({});
    await eventually(() => done.length === 1);
    expect(await statuses('apart')).toEqual(['QUEUED']);
    await pooled.stop();
    await put('noisy');
    work({ serves: ({ slug }) => slug === 'apart' });
    await eventually(() => done.length === 2);
    expect(done).toEqual(['noisy', 'apart']);
    expect((await statuses('noisy')).filter((status) => status === 'QUEUED')).toHaveLength(1);
  });

  const place = (integrationWorkers: 'SHARED' | 'DEDICATED'): void =>
    host.controlPlane.publish((snapshot) => {
      for (const tenant of snapshot.tenants)
        if (tenant.slug === 'apart') tenant.integrationWorkers = integrationWorkers;
    });
  const placed = (pool: 'SHARED' | 'DEDICATED'): Promise<void> =>
    eventually(() => host.runtime.tenant('apart')?.integrationWorkers === pool);

  test('takes over who comes to it, and serves who goes until the database says that the jobs are others’', async () => {
    await put('apart');
    work({});
    place('SHARED');
    await eventually(() => done.includes('apart'));
    place('DEDICATED');
    await placed('DEDICATED');
    // Its workers have yet to start.
    await put('apart');
    await eventually(() => done.filter((slug) => slug === 'apart').length === 2);
    await host.data.asTenant(
      host.tenant('apart').test,
      `insert into worker_assignment (pool, open) values ('DEDICATED', false)`,
    );
    try {
      await put('apart');
      await put('noisy');
      await eventually(() => done.includes('noisy'));
      expect(await statuses('apart')).toEqual(['DONE', 'DONE', 'QUEUED']);
      await host.data.asTenant(host.tenant('apart').test, 'delete from worker_assignment');
      place('SHARED');
      await eventually(() => done.filter((slug) => slug === 'apart').length === 3);
    } finally {
      await host.data.asTenant(host.tenant('apart').test, 'delete from worker_assignment');
      place('DEDICATED');
      await placed('DEDICATED');
    }
  });

  test('tries again what failed, without being told', async () => {
    let failures = 2;
    await put('noisy');
    work({ handle: () => (failures-- > 0 ? Promise.reject(new Error('not yet')) : Promise.resolve()) });
    await eventually(() => done.length === 1);
    expect(failures).toBe(-1);
  });

  test('a payload that names another tenant changes nothing: the tenant is the queue', async () => {
    const { test: quiet } = host.tenant('quiet');
    await put('noisy', 1, { tenantId: quiet.id, tenant_id: quiet.id });
    let seen: unknown;
    work({
      handle: async ({ tx }) => {
        seen = (await tx.query(`select current_setting('tierdeck.tenant_id') as id`)).rows[0];
      },
    });
    await eventually(() => done.length === 1);
    expect(seen).toEqual({ id: host.tenant('noisy').test.id });
    expect(await statuses('quiet')).toEqual([]);
  });

  test('stops when what is in flight is done, and starts nothing more', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    await put('noisy', 10);
    const worker = work({ capacity: 2, handle: () => gate });
    await eventually(() => worker.inFlight === 2);
    await eventually(async () => (await statuses('noisy')).includes('RUNNING'));
    expect(await worker.stop(1)).toBe(false);
    const stopped = worker.stop();
    open();
    expect(await stopped).toBe(true);
    const after = await statuses('noisy');
    expect(after.filter((status) => status === 'RUNNING')).toEqual([]);
    expect(after.filter((status) => status === 'DONE')).toHaveLength(done.length);
    expect(done.length).toBeLessThanOrEqual(2);
  });
});
