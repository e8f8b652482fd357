import { runLoads, type Outcome, type QuoteLoad } from '../../apps/tour/src/quote-loads.js';
import { importKit, readKit } from '../../libs/tenancy/src/kits/index.js';
import {
  createTestDataPlane,
  rateQuota,
  type TestDataPlane,
  type TestTenant,
} from '../support/distribution-tenants.js';
import { FakeControlPlane } from '../support/fake-control-plane.js';
import { DistributionProcess } from '../support/distribution-process.js';
import { quantile } from './measure.js';
import type { Measurement } from './report.js';

const generate = (loads: QuoteLoad[]): Promise<Outcome[]> =>
  runLoads(loads, 'dist/apps/tour/src/quote-load.js');

/** The standard plan of tenants/plans. */
const noisyQuota = { perSecond: 50, burst: 100 };
const noisyRate = 10 * noisyQuota.perSecond;
const quietRate = 25;
const rounds = 5;
const seconds = 10;
const goal = 1.5;
const goalShare = 0.999;

/**
 * A quiet tenant's p99 alone and beside a tenant of the same database that sends ten times its quota, from the flood's
 * first request on: quotes on the built reference data plane over real catalogues, each load generator in a process of
 * its own. Both cases are measured in turn, round after round, so that a drift of the machine meets both.
 */
export async function benchNoisyNeighbor(): Promise<Measurement[]> {
  const data = await createTestDataPlane(['northwind', 'adventure-works'], async (client, { slug, id }) =>
    importKit(client, { tenantId: id, kit: await readKit(`tenants/kits/${slug}`), maxHistoryRows: 0 }),
  );
  const [quiet, noisy] = data.tenants as [TestTenant, TestTenant];
  const quota = rateQuota(noisyQuota.perSecond, noisyQuota.burst);
  data.snapshot.tenants.find(({ slug }) => slug === noisy.slug)!.quotas = [quota];
  const controlPlane = new FakeControlPlane(data.snapshot);
  await controlPlane.start();
  const service = await DistributionProcess.start(controlPlane);
  try {
    const quietLoad = await loadOf(data, quiet, service.url, quietRate);
    const noisyLoad = await loadOf(data, noisy, service.url, noisyRate);
    await generate([quietLoad, noisyLoad]);
    const [alone, beside, flood]: Outcome[][] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      alone!.push(...(await generate([quietLoad])));
      const [victim, aggressor] = await generate([quietLoad, noisyLoad]);
      beside!.push(victim!);
      flood!.push(aggressor!);
    }
    return measurements(alone!, beside!, flood!);
  } finally {
    await service.stop();
    await controlPlane.stop();
    await data.drop();
  }
}

function measurements(
  alone: readonly Outcome[],
  beside: readonly Outcome[],
  flood: readonly Outcome[],
): Measurement[] {
  const all = (runs: readonly Outcome[]): number[] => runs.flatMap(({ latencies }) => latencies);
  const [p99Alone, p99Beside] = [quantile(all(alone), 0.99), quantile(all(beside), 0.99)];
  const served = answers(beside, 200) / answers(beside);
  const admitted = answers(flood, 200);
  const limit = Math.ceil(
    flood.reduce((sum, run) => sum + noisyQuota.perSecond * run.seconds + noisyQuota.burst, 0),
  );
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

function answers(results: readonly Outcome[], status?: number): number {
  const counts = results.flatMap(({ statuses }) => Object.entries(statuses));
  return counts
    .filter(([key]) => status === undefined || Number(key) === status)
    .reduce((total, [, count]) => total + count, 0);
}

/** Baskets of three items, for one account after the other. */
async function loadOf(
  data: TestDataPlane,
  tenant: TestTenant,
  url: string,
  perSecond: number,
): Promise<QuoteLoad> {
  const skus = await data.asTenant(
    tenant,
    'select sku from item where tenant_id = $1 and saleable order by sku',
    [tenant.id],
  );
  const accounts = await data.asTenant(
    tenant,
    'select code from account where tenant_id = $1 order by code',
    [tenant.id],
  );
  const quotes = accounts.slice(0, 50).map(({ code }, n) => ({
    account: code,
    lines: [0, 1, 2].map((line) => ({
      sku: skus[(3 * n + line) % skus.length]?.['sku'],
      quantity: 1 + line,
    })),
  }));
  return { url, token: tenant.token, quotes, perSecond, seconds, connections: 50 };
}
