import { Unleash } from 'unleash-client';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlaneProcess } from './control-plane-process.js';
import { median, quantile } from './measure.js';
import type { Measurement } from './report.js';

const allowanceMs = 50;
const switches = 100;
/** The first ones compile what the later ones run. */
const warmUp = 10;
const flag = 'bench.propagation';

/**
 * From the start of the mutation until an unmodified `unleash-client` decides by it. The SDK sets no lower bound to
 * its polling interval; it is measured at 1 s, the smallest that its documentation speaks of, and at 20 ms.
 */
export async function benchPropagation(controlPlane: ControlPlaneProcess): Promise<Measurement[]> {
  await controlPlane.api.change(
    'createFlag',
    { key: flag, description: 'Bench.', kind: 'BOOLEAN' },
    'revision',
  );
  await set(controlPlane, false);
  const { secret } = await controlPlane.api.change<{ secret: string }>(
    'createSdkToken',
    { name: 'bench-propagation', kind: 'CLIENT', environment: 'production' },
    'secret',
  );
  return [await measure(controlPlane, secret, 20, switches), await measure(controlPlane, secret, 1_000, 20)];
}

async function measure(
  controlPlane: ControlPlaneProcess,
  token: string,
  intervalMs: number,
  count: number,
): Promise<Measurement> {
  const backupPath = await mkdtemp(join(tmpdir(), 'tierdeck-bench-sdk-'));
  const sdk = new Unleash({
    url: `${controlPlane.url}/api`,
    appName: 'bench',
    customHeaders: { Authorization: token },
    refreshInterval: intervalMs,
    // A stream knows no filters, so an SDK that has one is not told to stream.
    projectName: 'default',
    disableMetrics: true,
    backupPath,
  });
  sdk.on('error', () => undefined);
  await new Promise<void>((resolve) => sdk.once('synchronized', () => resolve()));
  const times: number[] = [];
  let enabled = sdk.isEnabled(flag);
  for (let i = -warmUp; i < count; i++) {
    enabled = !enabled;
    const startedAt = performance.now();
    await set(controlPlane, enabled);
    while (sdk.isEnabled(flag) !== enabled) await new Promise((resolve) => setTimeout(resolve, 1));
    if (i >= 0) times.push(performance.now() - startedAt);
    // Switches must not keep step with the polls.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * intervalMs));
  }
  sdk.destroy();
  await rm(backupPath, { recursive: true, force: true });
  const worst = quantile(times, 0.99);
  return {
    name: `switch to effect in unleash-client, polling every ${intervalMs} ms`,
    ours: `p50 ${median(times).toFixed(0)} ms, p99 ${worst.toFixed(0)} ms`,
    reference: `interval + ${allowanceMs} ms = ${intervalMs + allowanceMs} ms`,
    ratio: worst / (intervalMs + allowanceMs),
    goal: '≤ 1',
    reached: worst <= intervalMs + allowanceMs,
  };
}

async function set(controlPlane: ControlPlaneProcess, enabled: boolean): Promise<void> {
  const scope = { kind: 'ENVIRONMENT', key: '*' };
  await controlPlane.api.change(
    'setFlagRule',
    { flag, environment: 'production', scope, enabled },
    'revision',
  );
}
