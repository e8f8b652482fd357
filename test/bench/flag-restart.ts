import { FlagSdks } from '../support/flag-sdks.js';
import type { ControlPlaneProcess } from './control-plane-process.js';
import { applyFlags, sdkToken, setRule, until } from './flag-world.js';
import { quantile } from './measure.js';
import type { Measurement } from './report.js';

const sdkCount = 1_000;
const processes = 4;

/** The control plane killed and started again under 1,000 real SDKs, half streaming, half polling every 2 s. */
export async function benchFlagRestart(controlPlane: ControlPlaneProcess): Promise<Measurement[]> {
  await applyFlags(controlPlane);
  const { backMs, spreadMs, wrong, back } = await restartUnder(controlPlane, sdkCount, processes);
  return [
    {
      name: `restart under ${sdkCount} SDKs: all have the change after it`,
      ours: `${(backMs / 1_000).toFixed(1)} s, ${back} back`,
      reference: '60 s',
      ratio: backMs / 60_000,
      goal: '≤ 1',
      reached: back === sdkCount && backMs <= 60_000,
    },
    {
      name: 'wrong values seen meanwhile',
      ours: String(wrong),
      reference: '0',
      ratio: wrong,
      goal: '0',
      reached: wrong === 0,
    },
    {
      name: 'reconnections of streams spread over (p5 to p95)',
      ours: `${spreadMs.toFixed(0)} ms`,
      reference: '500 ms',
      ratio: spreadMs / 500,
      goal: '≥ 1',
      reached: spreadMs >= 500,
    },
  ];
}

export interface RestartOutcome {
  /** From the first answer of the new process until every SDK had a change made after it. */
  backMs: number;
  /** Between the first 5 % and the last 5 % of the streams that were opened again. */
  spreadMs: number;
  wrong: number;
  back: number;
  /** Streams that were opened again. */
  reopened: number;
}

/** Kills a control plane under SDKs, starts it, and changes a flag. */
export async function restartUnder(
  controlPlane: ControlPlaneProcess,
  count: number,
  over: number,
): Promise<RestartOutcome> {
  for (const key of ['restart.always', 'restart.once'])
    await controlPlane.api.change(
      'createFlag',
      { key, description: 'Restart.', kind: 'BOOLEAN' },
      'revision',
    );
  await setRule(controlPlane, 'restart.once', false);
  await setRule(controlPlane, 'restart.always', true);
  const sdks = FlagSdks.start(controlPlane.url, await sdkToken(controlPlane, 'CLIENT'), count, over);
  try {
    await until(async () => (await sdks.observe()).ready === count, 120);
    await controlPlane.kill();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await controlPlane.startAgain();
    const startedAt = performance.now();
    await setRule(controlPlane, 'restart.once', true);
    await until(async () => (await sdks.observe()).switched === count, 120);
    const backMs = performance.now() - startedAt;
    // A stale answer would still come now.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const { wrong, switched, reopened } = await sdks.observe();
    const spreadMs = quantile(reopened, 0.95) - quantile(reopened, 0.05);
    return { backMs, spreadMs, wrong, back: switched, reopened: reopened.length };
  } finally {
    await sdks.stop();
  }
}
