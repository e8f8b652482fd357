import { setTimeout as sleep } from 'node:timers/promises';
import type { DataPlane } from './data-plane.js';

export interface Outcome {
  served: number;
  /** Answers with 429. */
  refused: number;
  failed: number;
  /** Of the served, in milliseconds. */
  p99: number;
}

/** Asks for a quote at a fixed rate, whether or not answers come: a slow server does not slow its load. */
export async function pacedQuotes(
  dataPlane: DataPlane,
  quote: unknown,
  perSecond: number,
  seconds: number,
): Promise<Outcome> {
  const statuses: number[] = [];
  const times: number[] = [];
  const pending: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let i = 0; i < perSecond * seconds; i++) {
    const wait = startedAt + (i * 1000) / perSecond - performance.now();
    if (wait > 1) await sleep(wait);
    pending.push(ask(dataPlane, quote, statuses, times));
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

async function ask(dataPlane: DataPlane, quote: unknown, statuses: number[], times: number[]): Promise<void> {
  const sentAt = performance.now();
  const status = await dataPlane.post('/quotes', quote).then(
    (answer) => answer.status,
    () => 0,
  );
  statuses.push(status);
  if (status === 200) times.push(performance.now() - sentAt);
}
