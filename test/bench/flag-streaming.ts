import { InMemStorageProvider, Unleash } from 'unleash-client';
import type { ControlPlaneProcess } from './control-plane-process.js';
import { StreamClient } from './flag-stream-client.js';
import { applyFlags, residentMb, sdkToken, setRule, until } from './flag-world.js';
import { median, quantile } from './measure.js';
import type { Measurement } from './report.js';

const sdkCount = 100;
const switches = 30;
const warmUp = 5;
const connectionCount = 5_000;
const connectingAtOnce = 100;

/**
 * Streaming: from the start of a mutation until every one of 100 unmodified SDKs decides by it, until 5,000 open
 * connections have it, and what that costs in bytes and memory.
 */
export async function benchFlagStreaming(controlPlane: ControlPlaneProcess): Promise<Measurement[]> {
  await applyFlags(controlPlane);
  return [...(await switchToEffect(controlPlane)), ...(await manyConnections(controlPlane))];
}

async function switchToEffect(controlPlane: ControlPlaneProcess): Promise<Measurement[]> {
  const flag = 'bench.flag-100';
  const secret = await sdkToken(controlPlane, 'CLIENT');
  await setRule(controlPlane, flag, false);
  const sdks = Array.from(
    { length: sdkCount },
    (_, index) =>
      new Unleash({
        url: `${controlPlane.url}/api`,
        appName: 'bench',
        instanceId: `bench-${index}`,
        customHeaders: { Authorization: secret },
        disableMetrics: true,
        skipInstanceCountWarning: true,
        storageProvider: new InMemStorageProvider(),
        experimentalMode: { type: 'streaming' },
      }),
  );
  const times: number[] = [];
  let expected = false;
  let startedAt = 0;
  let left = 0;
  for (const sdk of sdks) {
    let seen = false;
    sdk.on('error', () => undefined);
    sdk.on('changed', () => {
      if (seen === expected || sdk.isEnabled(flag) !== expected) return;
      seen = expected;
      left -= 1;
      times.push(performance.now() - startedAt);
    });
  }
  await until(() => sdks.every((sdk) => sdk.isSynchronized()));
  for (let round = -warmUp; round < switches; round++) {
    if (round === 0) times.length = 0;
    left = sdkCount;
    startedAt = performance.now();
    expected = !expected;
    await setRule(controlPlane, flag, expected);
    await until(() => left === 0);
  }
  for (const sdk of sdks) sdk.destroy();
  const worst = quantile(times, 0.99);
  return [
    {
      name: `switch to effect in ${sdkCount} streaming SDKs`,
      ours: `p50 ${median(times).toFixed(0)} ms, p99 ${worst.toFixed(0)} ms`,
      reference: '50 ms',
      ratio: worst / 50,
      goal: '≤ 1',
      reached: worst <= 50,
    },
  ];
}

async function manyConnections(controlPlane: ControlPlaneProcess): Promise<Measurement[]> {
  const flag = 'bench.flag-101';
  await setRule(controlPlane, flag, true);
  const secret = await sdkToken(controlPlane, 'CLIENT');
  const clients: StreamClient[] = [];
  const atRest = await residentMb(controlPlane.pid);
  try {
    while (clients.length < connectionCount) {
      const some = Array.from(
        { length: connectingAtOnce },
        (_, index) => new StreamClient(controlPlane.url, secret, `bench-${clients.length + index}`),
      );
      clients.push(...some);
      await until(() => some.every(({ connected }) => connected));
    }
    // What connecting left behind is gone, and everybody's receipt is written.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const before = clients.map(({ bytes }) => bytes);
    const startedAt = performance.now();
    await setRule(controlPlane, flag, false);
    await until(() => clients.every(({ updatedAt }) => updatedAt > startedAt));
    const last = Math.max(...clients.map(({ updatedAt }) => updatedAt)) - startedAt;
    const bytes = Math.max(...clients.map((client, index) => client.bytes - (before[index] ?? 0)));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const memory = await residentMb(controlPlane.pid);
    return [
      {
        name: `one change to ${connectionCount} streams: all have it`,
        ours: `${last.toFixed(0)} ms`,
        reference: '1,000 ms',
        ratio: last / 1_000,
        goal: '≤ 1',
        reached: last <= 1_000,
      },
      {
        name: `memory with ${connectionCount} streams`,
        ours: `${memory.toFixed(0)} MB`,
        reference: `300 MB; before: ${atRest.toFixed(0)} MB`,
        ratio: memory / 300,
        goal: '≤ 1',
        reached: memory <= 300,
      },
      {
        name: 'bytes of one change per stream',
        ours: `${bytes} B`,
        reference: '1,024 B',
        ratio: bytes / 1_024,
        goal: '≤ 1',
        reached: bytes <= 1_024,
      },
    ];
  } finally {
    for (const client of clients) client.close();
  }
}
