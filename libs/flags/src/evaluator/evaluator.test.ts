import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InMemStorageProvider, startUnleash } from 'unleash-client';
import type { ClientFeaturesResponse, FeatureInterface } from 'unleash-client/lib/feature.js';
import {
  unleashOperators,
  unleashStrategies,
  type UnleashConstraint,
  type UnleashDependency,
  type UnleashFeature,
  type UnleashSegment,
  type UnleashStrategy,
  type UnleashVariant,
} from '../compiler/unleash-feature.js';
import { PreparedFeature, prepareConstraint, type EvaluationContext } from './index.js';

const seed = Number(process.env['TIERDECK_TEST_SEED'] ?? Date.now() % 2 ** 31);

/** Few values of every sort, good and bad, so that constraints and contexts meet often. */
const values = ['a', 'ab', 'B', ' b ', '', '7', '7.5', '-1', 'x7', '1.2.3', '1.2.3-rc.1', 'v1.2.3', '2.0.0']
  .concat('10.0.0.1', '10.0.0.0/8', '::1', 'fe80::/10', '300.1.1.1', '2026-01-01T00:00:00.000Z', '2030-06-01')
  .concat('^a', 'b$', '(a+)+$', '[', '(?i)B', '😊');
const fields = ['userId', 'sessionId', 'remoteAddress', 'tenant', 'branch', 'version', 'currentTime'];
const value = fc.constantFrom(...values);

const constraint: fc.Arbitrary<UnleashConstraint> = fc.record(
  {
    contextName: fc.constantFrom(...fields),
    operator: fc.constantFrom(...unleashOperators, 'NO_SUCH_OPERATOR'),
    values: fc.array(value, { maxLength: 3 }),
    value,
    inverted: fc.boolean(),
    caseInsensitive: fc.boolean(),
  },
  { requiredKeys: ['contextName', 'operator', 'values', 'inverted', 'caseInsensitive'] },
);

const variants: fc.Arbitrary<UnleashVariant[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<UnleashVariant[]>([]) },
  fc.uniqueArray(
    fc.record(
      {
        name: fc.constantFrom('one', 'two', 'three'),
        weight: fc.constantFrom(0, 1, 333, 1_000),
        stickiness: fc.constantFrom('default', 'userId'),
        payload: fc.record({ type: fc.constant('string' as const), value }),
        overrides: fc.array(
          fc.record({ contextName: fc.constantFrom(...fields), values: fc.array(value, { maxLength: 2 }) }),
          { maxLength: 1 },
        ),
      },
      { requiredKeys: ['name', 'weight', 'stickiness'] },
    ),
    { selector: ({ name }) => name, maxLength: 3 },
  ),
);

const parameters: fc.Arbitrary<Record<string, string>> = fc.record(
  {
    rollout: fc.constantFrom('0', '1', '30', '50', '99', '100', 'many'),
    percentage: fc.constantFrom('0', '100'),
    stickiness: fc.constantFrom('default', 'userId', 'tenant', 'sessionId'),
    groupId: fc.constantFrom('g', 'h'),
    userIds: fc.constantFrom('a', 'b, B ,7', ''),
    IPs: fc.constantFrom('10.0.0.1', '10.0.0.0/8, ::1', 'x'),
    hostNames: fc.constantFrom('nowhere', ''),
  },
  { requiredKeys: ['percentage'] },
);

const strategy: fc.Arbitrary<UnleashStrategy> = fc.record(
  {
    name: fc.oneof(
      { weight: 3, arbitrary: fc.constant('default') },
      { weight: 3, arbitrary: fc.constant('flexibleRollout') },
      fc.constantFrom(...unleashStrategies, 'ourOwn'),
    ),
    parameters,
    constraints: fc.array(constraint, { maxLength: 2 }),
    segments: fc.array(fc.constantFrom(1, 2, 3, 99), { maxLength: 2 }),
    variants,
  },
  { requiredKeys: ['name', 'parameters', 'constraints', 'variants'] },
);

const names = Array.from({ length: 100 }, (_, index) => `f${index}`);
const feature = fc.record({
  enabled: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  strategies: fc.array(strategy, { maxLength: 3 }),
  variants,
  dependencies: fc.oneof(
    { weight: 3, arbitrary: fc.constant<UnleashDependency[]>([]) },
    fc.array<UnleashDependency>(
      fc.record(
        {
          feature: fc.constantFrom(...names, 'missing'),
          enabled: fc.boolean(),
          variants: fc.subarray(['one', 'two', 'disabled']),
        },
        { requiredKeys: ['feature'] },
      ),
      { maxLength: 2 },
    ),
  ),
});

const segments = fc.tuple(
  ...[1, 2, 3].map((id) =>
    fc.record({ id: fc.constant(id), constraints: fc.array(constraint, { maxLength: 2 }) }),
  ),
);

/** There is always a user: without one the default stickiness is a matter of chance. */
const context: fc.Arbitrary<EvaluationContext> = fc.record(
  Object.fromEntries(fields.map((field) => [field, field === 'userId' ? value.filter(Boolean) : value])),
  { requiredKeys: ['userId'] },
);

describe('the evaluator', () => {
  beforeAll(() => console.info(`evaluator.test.ts: TIERDECK_TEST_SEED=${seed}`));

  it('answers as the unmodified SDK for 4,000 random features and 20 contexts each', async () => {
    for (let batch = 0; batch < 40; batch += 1) {
      const at = seed + batch;
      const features = fc
        .sample(feature, { seed: at, numRuns: names.length })
        .map((draft, index) => named(draft, names[index] ?? ''));
      const [shared = []] = fc.sample(segments, { seed: at, numRuns: 1 });
      const sdk = await offlineSdk(features, shared);
      const prepared = prepareAll(features, shared);
      try {
        for (const asked of fc.sample(context, { seed: at, numRuns: 20 })) {
          for (const one of features) {
            const theirs = sdk.getVariant(one.name, asked);
            const { enabled, variant } = prepared.get(one.name)?.evaluate(asked) ?? {};
            const ours = { enabled, variant: variant?.name ?? 'disabled', payload: variant?.payload };
            const expected = {
              enabled: theirs.feature_enabled,
              variant: theirs.name,
              payload: theirs.payload,
            };
            if (JSON.stringify(ours) !== JSON.stringify(expected))
              expect({ at, one, asked, ...ours }).toEqual({ at, one, asked, ...expected });
          }
        }
      } finally {
        sdk.destroy();
      }
    }
  });

  it('looks a value up among 100,000 without going through them', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => `t${index}`);
    const holds = prepareConstraint({ ...blank, operator: 'IN', values: many });
    expect(holds({ tenant: 't99999' })).toBe(true);
    expect(holds({ tenant: 't100000' })).toBe(false);
    expect(holds({})).toBe(false);
  });

  it('matches no pattern against a value of more than 1,000 characters, inverted or not', () => {
    const matches = (length: number, inverted: boolean) =>
      prepareConstraint({ ...blank, operator: 'REGEX', value: 'a$', inverted })({
        tenant: 'a'.repeat(length),
      });
    expect([matches(1_000, false), matches(1_000, true)]).toEqual([true, false]);
    expect([matches(1_001, false), matches(1_001, true)]).toEqual([false, false]);
    expect(prepareConstraint({ ...blank, operator: 'REGEX', value: 'a$', inverted: true })({})).toBe(true);
  });

  it('takes a pattern made to backtrack for what it is, and one that is broken as never true', () => {
    const evil = prepareConstraint({ ...blank, operator: 'REGEX', value: '^(a+)+$' });
    expect(evil({ tenant: `${'a'.repeat(900)}!` })).toBe(false);
    expect(prepareConstraint({ ...blank, operator: 'REGEX', value: '(' })({ tenant: '(' })).toBe(false);
  });

  it('keeps to the context that it was given: no field of the language counts', () => {
    const holds = prepareConstraint({
      ...blank,
      contextName: 'constructor',
      operator: 'NOT_IN',
      values: ['x'],
    });
    expect(holds({})).toBe(true);
    expect(prepareConstraint({ ...blank, operator: 'toString' })({})).toBe(false);
  });
});

const blank: UnleashConstraint = {
  contextName: 'tenant',
  operator: 'IN',
  values: [],
  inverted: false,
  caseInsensitive: false,
};

function named(
  draft: Omit<UnleashFeature, 'name' | 'type' | 'project' | 'stale' | 'impressionData'>,
  name: string,
) {
  return { ...draft, name, type: 'release', project: 'default', stale: false, impressionData: false };
}

function prepareAll(features: UnleashFeature[], segments: UnleashSegment[]): Map<string, PreparedFeature> {
  const byId = new Map(segments.map((segment) => [segment.id, segment]));
  const prepared = new Map<string, PreparedFeature>();
  for (const one of features)
    prepared.set(one.name, new PreparedFeature(one, byId, (name) => prepared.get(name)));
  return prepared;
}

function offlineSdk(features: UnleashFeature[], segments: UnleashSegment[]) {
  return startUnleash({
    appName: 'evaluator-test',
    url: 'http://127.0.0.1:9/api/',
    refreshInterval: 0,
    disableMetrics: true,
    skipInstanceCountWarning: true,
    storageProvider: new InMemStorageProvider<ClientFeaturesResponse>(),
    bootstrap: {
      data: features as unknown as FeatureInterface[],
      segments: segments as never,
    },
  });
}
