import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '#platform';
import type { TenantScope } from '#runtime';
import pg from 'pg';
import { testPostgresUrl } from '../../../../test/support/database.js';
import { createJobRuntime, eventually, type JobRuntime } from '../../../../test/support/job-runtime.js';
import type { JobContext } from './job-handler.js';
import { claimJob, completeJob, enqueueJob, failJob, reclaimAbandoned, returnJob } from './job-queue.js';
import type { Job } from './job.js';
import { PermanentJobError } from './jobs.errors.js';
import { runJob, type JobOutcome } from './run-job.js';

const logger = createLogger('test', 'silent');
const claimed = { holder: 'test', leaseMs: 60_000, cap: 100 };
const atOnce = { baseMs: 0, maxMs: 0 };

describe('the job queue of a tenant', () => {
  let host: JobRuntime;
  let north: TenantScope;
  let south: TenantScope;

  beforeAll(async () => {
    host = await createJobRuntime(['north', 'south']);
    north = host.tenant('north').scope;
    south = host.tenant('south').scope;
  });
  afterAll(() => host.stop());
  beforeEach(async () => {
    for (const slug of ['north', 'south']) {
      await host.data.asTenant(host.tenant(slug).test, 'delete from integration_job');
      await host.data.asTenant(host.tenant(slug).test, `delete from region where code like 'made-%'`);
    }
  });

  const put = (scope: TenantScope, dedupKey?: string, maxAttempts = 3) =>
    scope.transaction((tx) =>
      enqueueJob(tx, { kind: 'make', payload: { n: 1 }, maxAttempts, ...(dedupKey ? { dedupKey } : {}) }),
    );
  const take = async (scope: TenantScope, options = claimed): Promise<Job | null> => {
    await reclaimAbandoned(scope);
    return (await claimJob(scope, options)).job;
  };
  const row = async (slug: string): Promise<Record<string, unknown> | undefined> => {
    const [found] = await host.data.asTenant(
      host.tenant(slug).test,
      'select * from integration_job where tenant_id = $1',
      [host.tenant(slug).test.id],
    );
    return found;
  };
  const expireLease = () =>
    host.data.asTenant(
      host.tenant('north').test,
      `update integration_job set lease_until = now() - interval '1 second' where status = 'RUNNING'`,
    );

  /** The effect of the test's jobs: a region, which may be made once. */
  const made = async (): Promise<number> => {
    const { rows } = await north.query<{ n: number }>(
      `select count(*)::int as n from region where code like 'made-%'`,
    );
    return rows[0]?.n ?? -1;
  };
  const run = (job: Job, work: (context: JobContext) => Promise<unknown>): Promise<JobOutcome> =>
    runJob(job, {
      scope: north,
      tenant: host.tenant('north').served,
      handlers: new Map([['make', { kind: 'make', handle: work }]]),
      logger,
      backoff: atOnce,
    });
  const makeRegion = ({ tx, job }: JobContext): Promise<unknown> =>
    tx.query('insert into region (code, name) values ($1, $1)', [`made-${job.fence}`]);

  test('asked for twice under one key, work is one job; without a key, two', async () => {
    const first = await put(north, 'same');
    expect(await put(north, 'same')).toEqual({ id: first.id, created: false });
    expect(await put(south, 'same')).toMatchObject({ created: true });
    await put(north);
    expect(await take(north)).toMatchObject({ id: first.id, attempts: 1, payload: { n: 1 } });
    expect(await take(north)).not.toBeNull();
    expect(await take(north)).toBeNull();
  });

  test('is not there if what asked for it was rolled back', async () => {
    const failing = north.transaction(async (tx) => {
      await enqueueJob(tx, { kind: 'make', payload: {} });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await take(north)).toBeNull();
  });

  test('has room for as many as the quota says', async () => {
    const queue = (limit: number) =>
      north.transaction((tx) => enqueueJob(tx, { kind: 'make', payload: {} }, limit));
    await queue(2);
    await queue(2);
    await expect(queue(2)).rejects.toMatchObject({ code: 'JOB_QUEUE_FULL', httpStatus: 429 });
  });

  test('thirty workers at once get each job once, in no more than the cap', async () => {
    for (let i = 0; i < 10; i++) await put(north);
    const jobs = await Promise.all(Array.from({ length: 30 }, () => take(north)));
    const ids = jobs.flatMap((job) => job?.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    while (await take(north));
    expect(await take(north, { ...claimed, cap: 10 })).toBeNull();
    await put(north);
    expect(await take(north, { ...claimed, cap: 10 })).toBeNull();
    expect(await take(north, { ...claimed, cap: 11 })).not.toBeNull();
  });

  test('effect and completion are one: done, or neither', async () => {
    await put(north);
    const job = (await take(north)) as Job;
    const failing = run(job, async (context) => {
      await makeRegion(context);
      throw new Error('after the effect');
    });
    expect(await failing).toBe('RETRY');
    expect(await made()).toBe(0);
    expect(await row('north')).toMatchObject({
      status: 'QUEUED',
      attempts: 1,
      last_error: 'after the effect',
    });
    expect(await run((await take(north)) as Job, makeRegion)).toBe('DONE');
    expect(await made()).toBe(1);
    expect(await row('north')).toMatchObject({ status: 'DONE', attempts: 2, lease_holder: null });
    expect(await take(north)).toBeNull();
  });

  test('a holder whose lease ran out can neither have an effect nor record an outcome', async () => {
    await put(north);
    const first = (await take(north)) as Job;
    expect(await take(north)).toBeNull();
    await expireLease();
    const second = (await take(north)) as Job;
    expect(second).toMatchObject({ id: first.id, attempts: 2 });
    expect(await run(first, makeRegion)).toBe('LOST');
    expect(await failJob(north, first, new Error('late'))).toBe('LOST');
    expect(await made()).toBe(0);
    expect(await run(second, makeRegion)).toBe('DONE');
    expect(await made()).toBe(1);
  });

  test('a job under way is not taken over, however late its lease', async () => {
    await put(north);
    const first = (await take(north, { ...claimed, leaseMs: 0 })) as Job;
    const outcome = await run(first, async (context) => {
      await makeRegion(context);
      expect(await take(north)).toBeNull();
    });
    expect(outcome).toBe('DONE');
    expect(await made()).toBe(1);
  });

  test('goes to the dead letters when its attempts are used up', async () => {
    const { id } = await put(north, undefined, 2);
    const fail = () => Promise.reject(new Error('never'));
    expect(await run((await take(north)) as Job, fail)).toBe('RETRY');
    expect(await run((await take(north)) as Job, fail)).toBe('DEAD');
    expect(await take(north)).toBeNull();
    expect(await row('north')).toMatchObject({ id, status: 'DEAD', attempts: 2, last_error: 'never' });
  });

  test('goes there at once if no repetition can mend it', async () => {
    await put(north);
    const outcome = await run((await take(north)) as Job, () =>
      Promise.reject(new PermanentJobError('never will')),
    );
    expect(outcome).toBe('DEAD');
    expect(await row('north')).toMatchObject({
      attempts: 1,
      last_error: expect.stringContaining('never will'),
    });
  });

  test('that takes its worker down each time is dead in the end', async () => {
    await put(north, undefined, 2);
    expect(await take(north)).toMatchObject({ attempts: 1 });
    await expireLease();
    expect(await take(north)).toMatchObject({ attempts: 2 });
    await expireLease();
    expect(await take(north)).toBeNull();
    expect(await row('north')).toMatchObject({ status: 'DEAD', attempts: 2 });
  });

  test('waits for its retry, and says when', async () => {
    await put(north);
    const job = (await take(north)) as Job;
    await failJob(north, job, new Error('later'), { baseMs: 3_600_000, maxMs: 3_600_000 });
    const claim = await claimJob(north, claimed);
    expect(claim.job).toBeNull();
    const { nextInMs } = claim as { nextInMs: number };
    expect(nextInMs).toBeGreaterThan(1_700_000);
    expect(nextInMs).toBeLessThanOrEqual(3_600_000);
  });

  describe('with one in flight keeps the order in which they were asked for:', () => {
    const one = { ...claimed, cap: 1 };

    test('what waits for another try keeps those after it waiting', async () => {
      const [first, second] = [(await put(north)).id, (await put(north)).id];
      const job = (await take(north, one)) as Job;
      expect(job.id).toBe(first);
      await failJob(north, job, new Error('later'), { baseMs: 3_600_000, maxMs: 3_600_000 });
      const claim = await claimJob(north, one);
      expect(claim.job).toBeNull();
      expect((claim as { nextInMs: number }).nextInMs).toBeGreaterThan(1_700_000);
      await host.data.asTenant(host.tenant('north').test, `update integration_job set run_at = now()`);
      for (const id of [first, second]) {
        const next = (await take(north, one)) as Job;
        expect(next.id).toBe(id);
        await completeJob(north, next, null);
      }
    });

    test('no clock changes it, neither one that was set back nor that of the server it came from', async () => {
      const ahead = `clock_timestamp() + interval '1 hour'`;
      await host.data.asTenant(
        host.tenant('north').test,
        `insert into integration_job (kind, payload, run_at, created_at) select 'make', '{"n": 1}', at, at from (select ${ahead} as at) t`,
      );
      const later = [(await put(north)).id, (await put(north)).id];
      const first = (await take(north, one)) as Job;
      expect(later).not.toContain(first.id);
      // Also one that came while it was in flight stays behind it.
      later.push((await put(north)).id);
      await returnJob(north, first);
      const again = (await take(north, one)) as Job;
      expect(again.id).toBe(first.id);
      await completeJob(north, again, null);
      for (const id of later) {
        const next = (await take(north, one)) as Job;
        expect(next.id).toBe(id);
        await completeJob(north, next, null);
      }
    });

    test('a job that is given back while a claim waits is the next one', async () => {
      const [first] = [(await put(north)).id, (await put(north)).id];
      const job = (await take(north, one)) as Job;
      const database = host.data.snapshot.databases[0]?.database ?? '';
      const other = new pg.Client({ connectionString: testPostgresUrl(database) });
      await other.connect();
      try {
        await other.query('begin');
        await other.query(`select pg_advisory_xact_lock(hashtextextended('tierdeck_jobs:' || $1::uuid, 0))`, [
          host.tenant('north').test.id,
        ]);
        const claim = claimJob(north, one);
        await eventually(async () => {
          const waiting = await other.query(
            `select 1 from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
          );
          return waiting.rowCount === 1;
        });
        await returnJob(north, job);
        await other.query('commit');
        expect((await claim).job?.id).toBe(first);
      } finally {
        await other.end();
      }
    });
  });

  test('given back unstarted, it counts no attempt', async () => {
    await put(north);
    await returnJob(north, (await take(north)) as Job);
    expect(await take(north)).toMatchObject({ attempts: 1 });
  });

  test('goes only to the workers that the database names, once the others have ended theirs', async () => {
    const assign = (pool: string): Promise<unknown> =>
      host.data.asTenant(
        host.tenant('north').test,
        `insert into worker_assignment (pool, open) values ('${pool}', false)
         on conflict (tenant_id) do update set pool = excluded.pool, open = false`,
      );
    const shared = { ...claimed, pool: 'SHARED' as const };
    const dedicated = { ...claimed, pool: 'DEDICATED' as const };
    try {
      for (let n = 0; n < 3; n++) await put(north);
      const begun = (await take(north, shared)) as Job;
      await assign('DEDICATED');
      expect(await take(north, shared)).toBeNull();
      expect(await take(north, dedicated)).toBeNull();
      await north.transaction((tx) => completeJob(tx, begun, null));
      expect(await take(north, shared)).toBeNull();
      expect(await take(north, dedicated)).not.toBeNull();
      expect(await take(north, dedicated)).not.toBeNull();
    } finally {
      await host.data.asTenant(host.tenant('north').test, 'delete from worker_assignment');
    }
  });

  test('is invisible to another tenant: to claim, to finish, to list', async () => {
    await put(north);
    expect(await take(south)).toBeNull();
    const job = (await take(north)) as Job;
    expect(await failJob(south, job, new Error('forged'))).toBe('LOST');
    await failJob(north, job, new PermanentJobError('dead'));
    expect((await south.query('select 1 from integration_job')).rows).toEqual([]);
    const forged = south.query(`insert into integration_job (tenant_id, kind) values ($1, 'make')`, [
      host.tenant('north').test.id,
    ]);
    await expect(forged).rejects.toMatchObject({ code: '42501' });
  });
});
