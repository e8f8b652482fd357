/**
 * A load generator in a process of its own; its parent sends it a {@link QuoteLoad} and, once it is ready, `go`.
 * Requests go out at random times (a Poisson process) whether or not the ones before were answered, so a slow server
 * does not slow the load. Before `go` it asks the server's health as often as it will send, so that neither its own
 * code nor its connections are cold when it begins. Ends after it sent an {@link Outcome}.
 */
import { Agent, request } from 'node:http';
import type { Outcome, QuoteLoad } from './quote-loads.js';

const warmUpSeconds = 1.5;

process.once('message', (message) => void run(message as QuoteLoad));
process.once('disconnect', () => process.exit(0));

async function run(load: QuoteLoad): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
  const health = new URL('/healthz', load.url);
  await pace(load.perSecond, warmUpSeconds, () => send(agent, health));
  process.send?.('ready');
  await new Promise((resolve) => process.once('message', resolve));
  const result: Outcome = { latencies: [], statuses: {}, seconds: 0 };
  const quotes = new URL('/quotes', load.url);
  const bodies = load.quotes.map((quote) => JSON.stringify(quote));
  const start = performance.now();
  await pace(load.perSecond, load.seconds, async (index) => {
    const since = performance.now();
    const status = await send(agent, quotes, load.token, bodies[index % bodies.length]);
    result.statuses[status] = (result.statuses[status] ?? 0) + 1;
    if (status === 200) result.latencies.push(performance.now() - since);
  });
  result.seconds = (performance.now() - start) / 1_000;
  process.send?.(result, () => process.exit(0));
}

/** Begins `work` at random times, `perSecond` on average. Resolves after the last has ended. */
function pace(perSecond: number, seconds: number, work: (index: number) => Promise<unknown>): Promise<void> {
  const start = performance.now();
  const end = start + seconds * 1_000;
  let [next, count, pending] = [start, 0, 0];
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      for (; next <= Math.min(now, end); next += (-Math.log(1 - Math.random()) / perSecond) * 1_000) {
        pending++;
        void work(count++).then(() => pending--);
      }
      if (now < end || pending > 0) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
}

/** @returns the status, 0 if no answer came. */
function send(agent: Agent, url: URL, token = '', body?: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    request(url, { agent, headers, method: body === undefined ? 'GET' : 'POST' }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    })
      .once('error', () => resolve(0))
      .end(body);
  });
}
