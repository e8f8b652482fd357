import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WorkerAssignments } from '../../libs/tenancy/src/workers/worker-assignments.js';
import type { TenantDatabases } from '#tenancy';
import pg from 'pg';
import { testPostgresUrl } from '../support/database.js';
import { createJobRuntime, eventually, type JobRuntime } from '../support/job-runtime.js';

const jobs = Number(process.env['TIERDECK_FAULT_JOBS'] ?? 60);
const kills = Number(process.env['TIERDECK_FAULT_KILLS'] ?? 3);
const seed = Number(process.env['TIERDECK_FAULT_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));

/** A tenant's jobs change hands again and again while its workers are killed: each is done once, and in order. */
describe(`worker moves under kills, seed ${seed}`, () => {
  let host: JobRuntime;
  let assignments: WorkerAssignments;
  const running = new Map<'SHARED' | 'DEDICATED', ChildProcess>();

  beforeAll(async () => {
    host = await createJobRuntime(['north']);
    // Strict order is asked for by a limit of one job at a time.
    host.controlPlane.publish(({ tenants: [tenant] }) => {
      const boost = { boostUntil: null, limitAfterBoost: null, burstAfterBoost: null };
      tenant?.quotas.push({
        kind: 'JOBS_IN_FLIGHT',
        limit: 1,
        burst: null,
        hard: true,
        source: 'PLAN',
        ...boost,
      });
    });
    const database = host.data.snapshot.databases[0]?.database ?? '';
    const connect = async (): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: testPostgresUrl(database) });
      await client.connect();
      return client;
    };
    assignments = new WorkerAssignments({ connect } as unknown as TenantDatabases);
  });

  afterAll(async () => {
    await Promise.all([...running.keys()].map((pool) => kill(pool)));
    await host.stop();
  });

  async function start(pool: 'SHARED' | 'DEDICATED'): Promise<void> {
    const worker = spawn(
      process.execPath,
      [
        '--conditions=source',
        '--import',
        './test/support/swc-loader.mjs',
        'test/fault/worker-process.ts',
        host.controlPlane.url,
        join(host.dataDir, pool),
        ...(pool === 'DEDICATED' ? ['north'] : []),
      ],
      { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    );
    running.set(pool, worker);
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
    });
  }

  async function kill(pool: 'SHARED' | 'DEDICATED'): Promise<void> {
    const worker = running.get(pool);
    running.delete(pool);
    if (!worker || worker.exitCode !== null || worker.signalCode !== null) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.kill('SIGKILL');
    await ended;
  }

  it(`does each of ${jobs} jobs once and in order, over ${kills} kills`, async () => {
    const { test, scope } = host.tenant('north');
    const [plan] = fc.sample(
      fc.array(
        fc.record({
          who: fc.constantFrom('SHARED' as const, 'DEDICATED' as const),
          share: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        }),
        {
          minLength: kills,
          maxLength: kills,
        },
      ),
      { seed, numRuns: 1 },
    );
    const portion = jobs / (kills + 1);
    let queued = 0;
    const queue = async (upTo: number): Promise<void> => {
      while (queued < upTo) {
        await scope.query(
          `insert into integration_job (kind, payload, max_attempts, created_at)
          values ('note', jsonb_build_object('number', $1::int), 50, clock_timestamp())`,
          [++queued],
        );
      }
    };
    await Promise.all([start('SHARED'), start('DEDICATED')]);

    const count = async (): Promise<number> =>
      Number((await scope.query<{ n: string }>('select count(*) as n from order_history_line')).rows[0]?.n);
    const doneBy = async (by: 'SHARED' | 'DEDICATED'): Promise<number> => {
      const account = by === 'SHARED' ? 'shared' : 'north';
      const sql = 'select count(*) as n from order_history_line where account = $1';
      return Number((await scope.query<{ n: string }>(sql, [account])).rows[0]?.n);
    };
    let pool: 'SHARED' | 'DEDICATED' = 'SHARED';
    let moves = 0;
    const flip = async (): Promise<void> => {
      pool = pool === 'SHARED' ? 'DEDICATED' : 'SHARED';
      moves++;
      await assignments.assign({ id: test.id, databaseId: 'pool' }, pool);
    };
    for (const [i, { who, share }] of (plan ?? []).entries()) {
      // By portions: a process takes so long to start that the other would meanwhile empty the whole queue.
      await queue(Math.round((i + 0.5) * portion));
      await eventually(async () => (await count()) >= (i + share / 2) * portion);
      await flip();
      // So that each of the two has had its turn, however quick the other is.
      const taken = await doneBy(pool);
      await queue(Math.round((i + 1) * portion));
      await eventually(async () => (await doneBy(pool)) > taken);
      await kill(who);
      await flip();
      await start(who);
      await flip();
    }
    await queue(jobs);
    await eventually(async () => (await count()) >= jobs);
    await eventually(async () => {
      const { rowCount } = await scope.query(`select from integration_job where status <> 'DONE' limit 1`);
      return rowCount === 0;
    });

    const { rows } = await scope.query<{ invoice: string; account: string }>(
      'select invoice, account from order_history_line order by invoiced_at',
    );
    expect(rows.map(({ invoice }) => Number(invoice))).toEqual(Array.from({ length: jobs }, (_, i) => i + 1));
    expect(new Set(rows.map(({ account }) => account)).size).toBe(2);
    expect(moves).toBe(3 * kills);
  });
});
