import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Quotes of one tenant, asked for at random times. */
export interface QuoteLoad {
  url: string;
  token: string;
  /** Bodies of the requests, sent in turn. */
  quotes: object[];
  /** On average. */
  perSecond: number;
  seconds: number;
  connections: number;
}

export interface Outcome {
  /** Milliseconds from sending to the end of the answer, of answers with status 200. */
  latencies: number[];
  /** Count of answers by status; 0 for those that broke. */
  statuses: Record<number, number>;
  /** From the first request to the last answer. */
  seconds: number;
}

/** The compiled generator beside this file. */
const generator = fileURLToPath(new URL('./quote-load.js', import.meta.url));

/**
 * Runs the loads at the same time, each in a process of its own: a measured request must not wait for the work of
 * another generator. They begin together once all are warm.
 */
export async function runLoads(loads: readonly QuoteLoad[], program = generator): Promise<Outcome[]> {
  const children = loads.map((load) => {
    const child = fork(program, { execArgv: [] });
    child.send(load);
    return child;
  });
  try {
    await Promise.all(children.map(message));
    const outcomes = children.map(message);
    for (const child of children) child.send('go');
    return (await Promise.all(outcomes)) as Outcome[];
  } finally {
    for (const child of children) child.kill();
  }
}

/** Nearest-rank 99th percentile of the served requests, in milliseconds. */
export function p99({ latencies }: Pick<Outcome, 'latencies'>): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN;
}

/** @throws Error if the generator ends without a word. */
async function message(child: ReturnType<typeof fork>): Promise<unknown> {
  const ended = new AbortController();
  const gone = once(child, 'exit', { signal: ended.signal }).then(() => {
    throw new Error('A load generator ended before it was done.');
  });
  try {
    const [received] = (await Promise.race([once(child, 'message', { signal: ended.signal }), gone])) as [
      unknown,
    ];
    return received;
  } finally {
    gone.catch(() => undefined);
    ended.abort();
  }
}
