import { Worker } from 'node:worker_threads';
import type { DataPlane } from '../data-plane.js';
import type { Instance } from '../instance.js';
import type { Noise } from '../noise.js';
import { pacedQuotes, type Outcome } from '../paced-load.js';
import type { Promises } from '../promises.js';
import { accounts, itemsInStock } from '../shopping.js';

const quiet = 'northwind';
const noisy = 'adventure-works';
const seconds = 6;
const quietPerSecond = 25;

/** One tenant sends ten times its quota; its neighbour on the same database goes on as if alone. */
export async function noisyNeighbor(instance: Instance, promises: Promises): Promise<void> {
  const victim = await instance.dataPlane(quiet);
  const flood = await instance.dataPlane(noisy);
  const { quotas } = await instance.controlPlane.request<{ quotas: { kind: string; limit: number }[] }>(
    `query ($tenant: String!) { quotas(tenant: $tenant) { kind limit } }`,
    { tenant: noisy },
  );
  const limit = quotas.find(({ kind }) => kind === 'REQUEST_RATE')?.limit ?? 50;

  const victimQuote = await quoteOf(victim);
  const floodQuote = await quoteOf(flood);
  await pacedQuotes(victim, victimQuote, quietPerSecond, 1);
  const alone = await pacedQuotes(victim, victimQuote, quietPerSecond, seconds);
  const { url, token } = flood;
  const noise = makeNoise({ url, token, quote: floodQuote, perSecond: limit * 10, seconds: seconds + 1 });
  const beside = await pacedQuotes(victim, victimQuote, quietPerSecond, seconds);
  const loud = await noise;

  promises.figure(`${quiet} alone, p99`, `${alone.p99.toFixed(1)} ms`);
  promises.figure(`${quiet} beside ${noisy} at ten times its quota, p99`, `${beside.p99.toFixed(1)} ms`);
  promises.figure(`${noisy}: served / refused with 429`, `${loud.served} / ${loud.refused}`);
  promises.keep(
    `every request of ${quiet} was served`,
    alone.refused + beside.refused + alone.failed + beside.failed === 0,
  );
  promises.keep(`${noisy} was held to its quota`, loud.refused > loud.served && loud.failed === 0);
}

async function quoteOf(dataPlane: DataPlane): Promise<unknown> {
  const [item] = await itemsInStock(dataPlane);
  const [account] = await accounts(dataPlane);
  return { account: account?.code, lines: [{ sku: item?.sku, quantity: 1 }] };
}

function makeNoise(noise: Noise): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('../noise.js', import.meta.url), { workerData: noise });
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}
