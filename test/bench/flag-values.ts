import { FlagDecider, type UnleashConstraint } from '../../libs/flags/src/compiler/index.js';
import type { ControlPlaneProcess } from './control-plane-process.js';
import { sdkToken, until } from './flag-world.js';
import { median } from './measure.js';
import type { Measurement } from './report.js';

const count = 100_000;
const flag = 'bench.values';
const calls = 200_000;
const rounds = 9;

/** A constraint of 100,000 values: taken by the API, and decided by what the frontend API and OFREP decide with. */
export async function benchFlagValues(controlPlane: ControlPlaneProcess): Promise<Measurement[]> {
  const values = Array.from({ length: count }, (_, index) => `account-${index}`);
  await controlPlane.api.change(
    'createFlag',
    { key: flag, description: 'Bench.', kind: 'BOOLEAN' },
    'revision',
  );
  const secret = await sdkToken(controlPlane, 'CLIENT');
  const startedAt = performance.now();
  await controlPlane.api.change(
    'setFlagRule',
    {
      flag,
      environment: 'production',
      scope: { kind: 'ENVIRONMENT', key: '*' },
      enabled: true,
      constraints: [{ contextName: 'userId', operator: 'IN', values }],
    },
    'revision',
  );
  let constraints: UnleashConstraint[] = [];
  await until(async () => {
    constraints = await servedConstraints(controlPlane, secret);
    return constraints.length > 0;
  });
  const servedMs = performance.now() - startedAt;
  const held = constraints[0]?.values.length ?? 0;
  const micros = evaluationMicros(constraints);
  return [
    {
      name: `${count} values in a constraint: from the mutation to the payload`,
      ours: `${servedMs.toFixed(0)} ms`,
      reference: `${held} values`,
      ratio: held / count,
      goal: 'accepted',
      reached: held === count,
    },
    {
      name: `evaluation on the server of ${count} values`,
      ours: `${micros.toFixed(2)} µs`,
      reference: '2 µs',
      ratio: micros / 2,
      goal: '≤ 1',
      reached: micros <= 2,
    },
  ];
}

async function servedConstraints(
  controlPlane: ControlPlaneProcess,
  secret: string,
): Promise<UnleashConstraint[]> {
  const response = await fetch(`${controlPlane.url}/api/client/features`, {
    headers: { authorization: secret, 'accept-encoding': 'gzip' },
  });
  const { features } = (await response.json()) as {
    features: { name: string; strategies: { constraints: UnleashConstraint[] }[] }[];
  };
  return features.find(({ name }) => name === flag)?.strategies[0]?.constraints ?? [];
}

/** Median over rounds; every other question is for a value that is not in the list. */
function evaluationMicros(constraints: readonly UnleashConstraint[]): number {
  const decider = new FlagDecider(
    {
      flag: { key: flag, kind: 'BOOLEAN', variants: [], defaultVariant: null },
      archived: false,
      enabled: true,
      rules: [{ scope: { kind: 'ENVIRONMENT', key: '*' }, enabled: true, variant: null, constraints }],
    },
    new Map(),
    () => undefined,
  );
  // Fresh texts, as a request brings them: a text that was looked up before has its hash at hand.
  const users = () => Array.from({ length: calls }, (_, i) => `account-${i % 2 ? i % count : -i - 1}`);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const asked = users();
    const startedAt = performance.now();
    let on = 0;
    for (const userId of asked) on += decider.decide({ userId }).enabled ? 1 : 0;
    if (on !== calls / 2) throw new Error(`on for ${on} of ${calls}`);
    times.push(((performance.now() - startedAt) * 1_000) / calls);
  }
  return median(times);
}
