import { setTimeout as sleep } from 'node:timers/promises';
import type { DataPlane } from '../data-plane.js';
import type { Instance } from '../instance.js';
import type { Promises } from '../promises.js';
import { accounts, itemsInStock } from '../shopping.js';

const quiet = 'northwind';
const noisy = 'adventure-works';
const seconds = 4;
const quietPerSecond = 20;

/** One tenant sends ten times its quota; its neighbour on the same database goes on as if alone. */
export async function noisyNeighbor(instance: Instance, promises: Promises): Promise<void> {
  const victim = await instance.dataPlane(quiet);
  const flood = await instance.dataPlane(noisy);
  const { quotas } = await instance.controlPlane.ask<{ quotas: { kind: string; limit: number }[] }>(
    `query ($tenant: String!) { quotas(tenant: $tenant) { kind limit } }`,
    { tenant: noisy },
  );
  const limit = quotas.find(({ kind }) => kind === 'REQUEST_RATE')?.limit ?? 50;

  const victimQuote = await quoteOf(victim);
  const floodQuote = await quoteOf(flood);
  await paced(victimQuote, quietPerSecond, 1);
  const alone = await paced(victimQuote, quietPerSecond, seconds);
  const noise = paced(floodQuote, limit * 10, seconds + 1);
  await sleep(500);
  const beside = await paced(victimQuote, quietPerSecond, seconds);
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

type Request = () => Promise<number>;

async function quoteOf(dataPlane: DataPlane): Promise<Request> {
  const [item] = await itemsInStock(dataPlane);
  const [account] = await accounts(dataPlane);
  const body = { account: account?.code, lines: [{ sku: item?.sku, quantity: 1 }] };
  return async () => (await dataPlane.post('/quotes', body)).status;
}

interface Outcome {
  served: number;
  refused: number;
  failed: number;
  p99: number;
}

/** Sends at a fixed rate, whether or not answers come: a slow server does not slow its load. */
async function paced(request: Request, perSecond: number, forSeconds: number): Promise<Outcome> {
  const statuses: number[] = [];
  const times: number[] = [];
  const pending: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let i = 0; i < perSecond * forSeconds; i++) {
    const wait = startedAt + (i * 1000) / perSecond - performance.now();
    if (wait > 1) await sleep(wait);
    const sentAt = performance.now();
    pending.push(
      request()
        .catch(() => 0)
        .then((status) => {
          statuses.push(status);
          if (status === 200) times.push(performance.now() - sentAt);
        }),
    );
  }
  await Promise.all(pending);
  times.sort((a, b) => a - b);
  const count = (test: (status: number) => boolean): number => statuses.filter(test).length;
  return {
    served: count((status) => status === 200),
    refused: count((status) => status === 429),
    failed: count((status) => status !== 200 && status !== 429),
    p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
  };
}
