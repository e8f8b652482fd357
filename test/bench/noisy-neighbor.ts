import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeControlPlane, tenantSnapshot } from '../../libs/runtime/src/control-plane.fixture.js';
import { createTenantDatabase } from '../../libs/runtime/src/tenant-database.fixture.js';
import type { QuotaSnapshot } from '../../libs/runtime/src/wire.js';
import { withTestClient } from '../support/database.js';
import { quantile, runNode } from './measure.js';
import type { OpenLoopResult } from './open-loop.js';
import type { Measurement } from './report.js';

const noisyQuota = 50;
const noisyRate = 10 * noisyQuota;
const quietRate = 25;
const itemsPerTenant = 2_000;
const rounds = 5;
const seconds = 10;
const goal = 1.5;
const goalShare = 0.999;

const typescript = ['--conditions=source', '--import', './test/support/swc-loader.mjs'];

/**
 * A quiet tenant's p99 alone and beside a tenant of the same database that sends ten times its quota: a real Fastify
 * service on libs/runtime, transactions on real PostgreSQL, each load generator in a process of its own. Both cases are
 * measured in turn, round after round, so that a drift of the machine meets both.
 */
export async function benchNoisyNeighbor(): Promise<Measurement[]> {
  const [quiet, noisy] = [randomUUID(), randomUUID()];
  const database = await createTenantDatabase([quiet, noisy]);
  await withTestClient(database.name, (client) =>
    client.query(
      `insert into item (tenant_id, sku, quantity)
       select t, 'sku-' || n, n from unnest($1::uuid[]) as t, generate_series(1, $2) as n`,
      [[quiet, noisy], itemsPerTenant],
    ),
  );
  const tenant = (id: string, slug: string, perSecond: number) =>
    tenantSnapshot({
      id,
      slug,
      databaseId: database.login.id,
      tokenHashes: [createHash('sha256').update(slug).digest('hex')],
      quotas: [requestRate(perSecond)],
    });
  const controlPlane = new FakeControlPlane({
    revision: 1,
    databases: [database.login],
    tenants: [tenant(quiet, 'quiet', 10 * quietRate), tenant(noisy, 'noisy', noisyQuota)],
  });
  await controlPlane.start();
  const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-bench-'));
  const { service, url } = await startService(controlPlane, dataDir);
  try {
    const sendQuiet = (): Promise<OpenLoopResult> => generate(url, 'quiet', quietRate, 20);
    await Promise.all([sendQuiet(), generate(url, 'noisy', noisyRate, 50)]);
    const alone: OpenLoopResult[] = [];
    const beside: OpenLoopResult[] = [];
    const flood: OpenLoopResult[] = [];
    for (let round = 0; round < rounds; round++) {
      alone.push(await sendQuiet());
      const [victim, aggressor] = await Promise.all([sendQuiet(), generate(url, 'noisy', noisyRate, 50)]);
      beside.push(victim);
      flood.push(aggressor);
    }
    return measurements(alone, beside, flood);
  } finally {
    const ended = new Promise((resolve) => service.once('exit', resolve));
    service.kill('SIGTERM');
    await ended;
    await controlPlane.stop();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function measurements(
  alone: readonly OpenLoopResult[],
  beside: readonly OpenLoopResult[],
  flood: readonly OpenLoopResult[],
): Measurement[] {
  const p99Alone = quantile(
    alone.flatMap(({ latencies }) => latencies),
    0.99,
  );
  const p99Beside = quantile(
    beside.flatMap(({ latencies }) => latencies),
    0.99,
  );
  const served = answers(beside, 200) / answers(beside);
  const admitted = answers(flood, 200);
  const limit = Math.ceil(flood.reduce((sum, run) => sum + noisyQuota * (run.seconds + 1), 0));
  const ratio = p99Beside / p99Alone;
  return [
    {
      name: 'quiet tenant beside one at ten times its quota, p99',
      ours: `${p99Beside.toFixed(1)} ms beside`,
      reference: `${p99Alone.toFixed(1)} ms alone`,
      ratio,
      goal: `≤ ${goal}`,
      reached: ratio <= goal,
    },
    {
      name: 'quiet tenant beside it, share served',
      ours: `${(served * 100).toFixed(2)} %`,
      reference: '100 %',
      ratio: served,
      goal: `≥ ${goalShare}`,
      reached: served >= goalShare,
    },
    {
      name: 'requests of the noisy tenant admitted',
      ours: `${admitted} of ${answers(flood)}`,
      reference: `${limit} (rate × time + burst)`,
      ratio: admitted / limit,
      goal: '≤ 1',
      reached: admitted <= limit,
    },
  ];
}

function answers(results: readonly OpenLoopResult[], status?: number): number {
  const counts = results.flatMap(({ statuses }) => Object.entries(statuses));
  return counts
    .filter(([key]) => status === undefined || Number(key) === status)
    .reduce((total, [, count]) => total + count, 0);
}

async function generate(
  url: string,
  token: string,
  rate: number,
  connections: number,
): Promise<OpenLoopResult> {
  const load = [`${url}/order`, token, rate, seconds, connections].map(String);
  return JSON.parse(await runNode([...typescript, 'test/bench/open-loop.ts', ...load])) as OpenLoopResult;
}

async function startService(
  controlPlane: FakeControlPlane,
  dataDir: string,
): Promise<{ service: ChildProcess; url: string }> {
  const service = spawn(process.execPath, [...typescript, 'test/bench/noisy-neighbor-service.ts'], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      TIERDECK_URL: controlPlane.url,
      TIERDECK_RUNTIME_TOKEN: controlPlane.token,
      TIERDECK_DATA_DIR: dataDir,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    service.once('message', (message) => resolve(message as number));
    service.once('exit', () => reject(new Error('the service of the bench did not start')));
  });
  return { service, url: `http://127.0.0.1:${port}` };
}

/** Requests a second, and one second's worth of them at once. */
function requestRate(perSecond: number): QuotaSnapshot {
  return {
    kind: 'REQUEST_RATE',
    limit: perSecond,
    burst: perSecond,
    hard: true,
    source: 'PLAN',
    boostUntil: null,
    limitAfterBoost: null,
    burstAfterBoost: null,
  };
}
