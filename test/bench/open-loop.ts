/**
 * A load generator in a process of its own: `open-loop.ts <url> <token> <requests a second> <seconds> <connections>`.
 * Requests go out at random times (a Poisson process) whether or not the ones before were answered, so a slow server
 * does not slow the load. Latencies of the first two seconds are left out: a process that has just begun is slow itself.
 * Writes JSON {@link OpenLoopResult} to stdout.
 */
import { Agent, request } from 'node:http';

export interface OpenLoopResult {
  /** Milliseconds from sending to the end of the answer, of answers with status 200. */
  latencies: number[];
  /** Count of answers by status; 0 for those that broke. */
  statuses: Record<number, number>;
  /** From the first request to the last answer. */
  seconds: number;
}

const warmUpMs = 2_000;
const [url = '', token = '', rate = '', seconds = '', connections = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const result: OpenLoopResult = { latencies: [], statuses: {}, seconds: 0 };
const start = performance.now();
const end = start + Number(seconds) * 1_000;
let pending = 0;
let next = start;

function send(): void {
  pending++;
  const since = performance.now();
  const done = (status: number): void => {
    pending--;
    result.statuses[status] = (result.statuses[status] ?? 0) + 1;
    if (status === 200 && since - start >= warmUpMs) result.latencies.push(performance.now() - since);
  };
  const headers = { authorization: `Bearer ${token}` };
  request(new URL(url), { agent, headers }, (response) => {
    response.resume();
    response.once('end', () => done(response.statusCode ?? 0));
  })
    .once('error', () => done(0))
    .end();
}

const timer = setInterval(() => {
  const now = performance.now();
  for (; next <= Math.min(now, end); next += (-Math.log(1 - Math.random()) / Number(rate)) * 1_000) send();
  if (now < end || pending > 0) return;
  clearInterval(timer);
  result.seconds = (performance.now() - start) / 1_000;
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}, 1);
