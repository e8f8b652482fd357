import type { ControlPlaneProcess } from './control-plane-process.js';
import { applyFlags, flagCount, sdkToken } from './flag-world.js';
import { load, median, type LoadOptions, type LoadResult } from './measure.js';
import type { Measurement } from './report.js';
import { UnleashPeer, type ClientFeatures } from './unleash-peer.js';

const connections = 20;
const seconds = 4;
const rounds = 3;

/**
 * `/api/client/features` with gzip, against unleash-server on the same PostgreSQL with the very same features. Both
 * are loaded in turn, round after round, so that a drift of the machine meets both.
 */
export async function benchFeatures(
  controlPlane: ControlPlaneProcess,
  peerDatabaseUrl: string,
): Promise<Measurement[]> {
  await applyFlags(controlPlane);
  const secret = await sdkToken(controlPlane, 'CLIENT');
  const path = '/api/client/features';
  const ours = { url: `${controlPlane.url}${path}`, headers: { authorization: secret } };
  const payload = (await (await fetch(ours.url, { headers: ours.headers })).json()) as ClientFeatures;
  const constraints = payload.features.flatMap(({ strategies }) => strategies.flatMap((s) => s.constraints));
  if (payload.features.length !== flagCount || constraints.length < 3 * flagCount) {
    throw new Error(
      `the bench serves ${payload.features.length} flags with ${constraints.length} constraints`,
    );
  }

  const peer = await UnleashPeer.start(peerDatabaseUrl);
  try {
    await peer.importFeatures(payload);
    const theirs = { url: `${peer.url}${path}`, headers: peer.clientHeaders };
    await settled(theirs, flagCount);
    const gzip = await inTurn(ours, theirs, { 'accept-encoding': 'gzip' });
    const etags = [await etagOf(ours), await etagOf(theirs)] as const;
    const hit = await inTurn(
      { ...ours, headers: { ...ours.headers, 'if-none-match': etags[0] } },
      { ...theirs, headers: { ...theirs.headers, 'if-none-match': etags[1] } },
      {},
    );
    const frontend = await inTurn(
      {
        url: `${controlPlane.url}/api/frontend?userId=user-17`,
        headers: { authorization: await sdkToken(controlPlane, 'FRONTEND') },
      },
      { url: `${peer.url}/api/frontend?userId=user-17`, headers: peer.frontendHeaders },
      {},
    );
    return [
      measurement(`features with gzip, ${flagCount} flags × 3 constraints`, gzip, 13),
      measurement('features, If-None-Match hit', hit, 10),
      measurement('frontend, all flags evaluated on the server', frontend, 6),
    ];
  } finally {
    await peer.stop();
  }
}

type Target = Pick<LoadOptions, 'url' | 'headers'>;

interface Pair {
  ours: LoadResult[];
  theirs: LoadResult[];
}

async function inTurn(ours: Target, theirs: Target, headers: Record<string, string>): Promise<Pair> {
  const run = (target: Target): Promise<LoadResult> =>
    load({ url: target.url, headers: { ...target.headers, ...headers }, connections, seconds });
  const pair: Pair = { ours: [], theirs: [] };
  await run(ours);
  await run(theirs);
  for (let round = 0; round < rounds; round++) {
    pair.ours.push(await run(ours));
    pair.theirs.push(await run(theirs));
  }
  const failed = [...pair.ours, ...pair.theirs].find(({ errors }) => errors > 0);
  if (failed) throw new Error(`the load met ${failed.errors} errors`);
  return pair;
}

const worstP99Ms = 15;

function measurement(name: string, { ours, theirs }: Pair, atLeast: number): Measurement {
  const ratio = median(
    ours.map((run, i) => run.requestsPerSecond / (theirs[i]?.requestsPerSecond ?? Number.NaN)),
  );
  const p99 = median(ours.map(({ p99Ms }) => p99Ms));
  return {
    name,
    ours: told(ours),
    reference: `unleash-server: ${told(theirs)}`,
    ratio,
    goal: `≥ ${atLeast}×, p99 ≤ ${worstP99Ms} ms`,
    reached: ratio >= atLeast && p99 <= worstP99Ms,
  };
}

function told(runs: readonly LoadResult[]): string {
  const rate = median(runs.map(({ requestsPerSecond }) => requestsPerSecond));
  return `${Math.round(rate)} req/s, p99 ${median(runs.map(({ p99Ms }) => p99Ms))} ms`;
}

async function etagOf({ url, headers }: Target): Promise<string> {
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  return response.headers.get('etag') ?? '';
}

/** unleash-server serves an import only after its caches have noticed it. */
async function settled({ url, headers }: Target, count: number): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const body = (await (await fetch(url, { headers })).json()) as ClientFeatures;
    if (body.features?.length === count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('unleash-server does not serve the imported features');
}
