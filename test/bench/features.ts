import type { ControlPlaneProcess } from './control-plane-process.js';
import { load, median, type LoadOptions, type LoadResult } from './measure.js';
import type { Measurement } from './report.js';
import { UnleashPeer, type ClientFeatures } from './unleash-peer.js';

const flagCount = 200;
const connections = 20;
const seconds = 4;
const rounds = 3;
const goal = 8;

/** 200 flags with three constraints each, as one file of manifests. */
function flagManifests(): string {
  const rules = [
    { scope: { kind: 'TIER', key: 'DEDICATED' }, enabled: true },
    { scope: { kind: 'REGION', key: 'eu' }, enabled: true },
    { scope: { kind: 'USER', key: 'user-17' }, enabled: true },
  ];
  const manifests = Array.from({ length: flagCount }, (_, i) => ({
    apiVersion: 'tierdeck/v1',
    kind: 'Flag',
    metadata: { key: `bench.flag-${String(i).padStart(3, '0')}` },
    spec: {
      description: 'A flag of the bench.',
      kind: 'BOOLEAN',
      riskClass: 'STANDARD',
      environments: { production: { enabled: true, rules } },
    },
  }));
  return manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n');
}

/**
 * `/api/client/features` with gzip, against unleash-server on the same PostgreSQL with the very same features. Both
 * are loaded in turn, round after round, so that a drift of the machine meets both.
 */
export async function benchFeatures(
  controlPlane: ControlPlaneProcess,
  peerDatabaseUrl: string,
): Promise<Measurement[]> {
  await controlPlane.api.change(
    'applyManifests',
    { manifests: [{ file: 'bench.yaml', content: flagManifests() }] },
    'changes { name }',
  );
  const { secret } = await controlPlane.api.change<{ secret: string }>(
    'createSdkToken',
    { name: 'bench', kind: 'CLIENT', environment: 'production' },
    'secret',
  );
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
    return [
      measurement(`features with gzip, ${flagCount} flags × 3 constraints`, gzip, `≥ ${goal}×`, goal),
      measurement('features, If-None-Match hit', hit, 'told', 0),
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

function measurement(name: string, { ours, theirs }: Pair, goalText: string, atLeast: number): Measurement {
  const ratio = median(
    ours.map((run, i) => run.requestsPerSecond / (theirs[i]?.requestsPerSecond ?? Number.NaN)),
  );
  return {
    name,
    ours: told(ours),
    reference: `unleash-server: ${told(theirs)}`,
    ratio,
    goal: goalText,
    reached: ratio >= atLeast,
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
