import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InMemStorageProvider, startUnleash } from 'unleash-client';
import type { Context } from 'unleash-client';
import type { FeatureInterface } from 'unleash-client/lib/feature.js';
import type { Segment } from 'unleash-client/lib/strategy/strategy.js';
import {
  contextField,
  scopeKinds,
  type FlagContext,
  type FlagDefinition,
  type FlagDependency,
  type FlagRule,
  type FlagScopeKind,
  type RuleConditions,
} from '../flag.js';
import {
  compileFeature,
  evaluate,
  RuleIndex,
  winner,
  FlagDecider,
  TooManyStrategiesError,
  type FlagDecision,
  type FlagState,
  type UnleashConstraint,
  type UnleashFeature,
  type UnleashSegment,
  type UnleashStrategy,
} from './index.js';

/** Few keys, so that random rules and contexts meet often. */
const keys: Record<FlagScopeKind, string[]> = {
  ENVIRONMENT: ['*'],
  TIER: ['SHARED', 'DEDICATED'],
  REGION: ['eu', 'us'],
  TENANT: ['northwind', 'contoso'],
  BRANCH: ['northwind/seattle', 'northwind/london', 'contoso/seattle'],
  WAREHOUSE: ['northwind/w1', 'contoso/w1'],
  ACCOUNT: ['northwind/alfki', 'contoso/alfki'],
  USER: ['ann', 'bob'],
};
const variants = ['legacy', 'waterfall', 'fair'];

const boolean: FlagDefinition = { key: 'b', kind: 'BOOLEAN', variants: [], defaultVariant: null };
const variant: FlagDefinition = {
  key: 'v',
  kind: 'VARIANT',
  variants: [
    { name: 'legacy' },
    { name: 'waterfall', payload: { steps: 5 } },
    { name: 'fair', payload: 'text' },
  ],
  defaultVariant: 'legacy',
};

const scope = fc.constantFrom(...scopeKinds.flatMap((kind) => keys[kind].map((key) => ({ kind, key }))));

function ruleSet(flag: FlagDefinition): fc.Arbitrary<FlagRule[]> {
  const value =
    flag.kind === 'BOOLEAN'
      ? fc.record({ enabled: fc.boolean(), variant: fc.constant(null) })
      : fc.oneof(
          fc.constant({ enabled: false, variant: null }),
          fc.constantFrom(...variants).map((name) => ({ enabled: true, variant: name })),
        );
  return fc.uniqueArray(
    fc.tuple(scope, value).map(([at, what]): FlagRule => ({ scope: at, ...what })),
    { selector: (rule) => `${rule.scope.kind} ${rule.scope.key}`, maxLength: 12 },
  );
}

const flagState: fc.Arbitrary<FlagState> = fc
  .tuple(fc.constantFrom(boolean, variant), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 19 }))
  .chain(([flag, kill, archive]) =>
    ruleSet(flag).map((rules) => ({ flag, enabled: kill > 0, archived: archive === 0, rules })),
  );

/** Any field may be absent, empty or unknown to the rules; units need not fit the tenant. */
const context: fc.Arbitrary<FlagContext> = fc.record(
  Object.fromEntries(
    scopeKinds
      .filter((kind) => kind !== 'ENVIRONMENT')
      .map((kind) => [contextField[kind], fc.constantFrom(...keys[kind], 'other', '', undefined)]),
  ),
  { requiredKeys: [] },
);

/** A few constraints of every sort, and segments that share them. */
const constraint: fc.Arbitrary<UnleashConstraint> = fc.record({
  contextName: fc.constantFrom('tenant', 'branch', 'userId', 'plan'),
  operator: fc.constantFrom('IN', 'NOT_IN', 'STR_STARTS_WITH', 'NUM_GT', 'SEMVER_LT', 'REGEX', 'IN_CIDR'),
  values: fc.subarray(['northwind', 'contoso/seattle', 'ann', 'gold']),
  value: fc.constantFrom('1', '2.0.0', '^n', '('),
  inverted: fc.boolean(),
  caseInsensitive: fc.boolean(),
});
const segments = new Map(
  [
    { id: 1, constraints: [] },
    { id: 2, constraints: [blank({ values: ['gold'] })] },
    { id: 3, constraints: [blank({ values: ['gold', '3'] }), blank({ operator: 'NUM_GT', value: '1' })] },
  ].map((segment): [number, UnleashSegment] => [segment.id, segment]),
);
const moments = ['2026-01-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'];

function blank(given: Partial<UnleashConstraint>): UnleashConstraint {
  const none = { contextName: 'plan', operator: 'IN', values: [], inverted: false, caseInsensitive: false };
  return { ...none, ...given };
}

const conditions: fc.Arbitrary<RuleConditions> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.record(
    {
      constraints: fc.array(constraint, { minLength: 1, maxLength: 2 }),
      segments: fc.uniqueArray(fc.constantFrom(1, 2, 3, 99), { minLength: 1, maxLength: 2 }),
      startsAt: fc.constantFrom(...moments),
      endsAt: fc.constantFrom(...moments),
    },
    { requiredKeys: [] },
  ),
);
const share = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  fc.record(
    {
      percentage: fc.constantFrom(0, 1, 30, 70, 99, 100),
      stickiness: fc.constantFrom('tenant', 'branch', 'userId', 'plan'),
    },
    { requiredKeys: ['percentage'] },
  ),
);

/** Rules with all that they can have. */
function anyRules(flag: FlagDefinition): fc.Arbitrary<FlagRule[]> {
  return ruleSet(flag).chain((rules) =>
    fc
      .tuple(...rules.map((rule) => fc.tuple(fc.constant(rule), conditions, share)))
      .map((all) => all.map(([rule, held, part]) => ({ ...rule, ...held, ...(rule.enabled ? part : {}) }))),
  );
}

const baseStrategy: fc.Arbitrary<UnleashStrategy> = fc.record({
  name: fc.constantFrom('default', 'flexibleRollout', 'userWithId', 'unknown'),
  parameters: fc.constantFrom<Record<string, string>>(
    { rollout: '50', stickiness: 'tenant', groupId: 'g', userIds: 'ann' },
    { rollout: '100', stickiness: 'plan', groupId: 'g', userIds: 'bob, ann' },
  ),
  constraints: fc.array(constraint, { maxLength: 2 }),
  segments: fc.uniqueArray(fc.constantFrom(1, 2, 3, 99), { maxLength: 1 }),
  variants: fc.constant([]),
});

const dependencies: fc.Arbitrary<FlagDependency[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<FlagDependency[]>([]) },
  fc.array<FlagDependency>(
    fc.record(
      {
        flag: fc.integer({ min: 0, max: 600 }).map((index) => `f${index}`),
        enabled: fc.boolean(),
        variants: fc.subarray(['legacy', 'fair', 'disabled']),
      },
      { requiredKeys: ['flag'] },
    ),
    { maxLength: 2 },
  ),
);

/** Everything that a flag can be. */
const anyState: fc.Arbitrary<FlagState> = fc
  .tuple(
    flagState,
    fc.constantFrom<FlagDefinition['lifecycle']>('ACTIVE', 'ACTIVE', 'ACTIVE', 'STALE', 'DRAFT'),
    dependencies,
    fc.oneof(fc.constant(null), fc.constant(null), fc.array(baseStrategy, { maxLength: 2 })),
  )
  .chain(([state, lifecycle, needs, strategies]) =>
    anyRules(state.flag).map((rules) => ({
      ...state,
      rules,
      strategies,
      flag: { ...state.flag, ...(lifecycle ? { lifecycle } : {}), dependencies: needs },
    })),
  );

function renamed(state: FlagState, index: number): FlagState {
  return { ...state, flag: { ...state.flag, key: `f${index}` } };
}

const anyContext: fc.Arbitrary<FlagContext> = fc
  .tuple(
    context,
    fc.record(
      {
        plan: fc.constantFrom('gold', 'Gold', '3', '1.0.0', '10.0.0.1'),
        currentTime: fc.constantFrom(...moments, '2026-03-01T00:00:00.000Z', '2028-01-01'),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([scope, more]) => ({ ...scope, ...more }));

interface Answer {
  enabled: boolean;
  variant: string | null;
}

const seed = Number(process.env['TIERDECK_TEST_SEED'] ?? Date.now() % 2 ** 31);
const numRuns = 5_000;

describe('compiled flags', () => {
  beforeAll(() => console.info(`compile.test.ts: TIERDECK_TEST_SEED=${seed}`));

  /** What the unmodified SDK answers when it starts offline from these features. */
  async function ask(
    features: readonly UnleashFeature[],
    questions: readonly { flag: string; context: FlagContext }[],
    segments: readonly UnleashSegment[] = [],
  ): Promise<Answer[]> {
    const sdk = await startUnleash({
      appName: 'compile-test',
      url: 'http://127.0.0.1:9/api/',
      refreshInterval: 0,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider(),
      bootstrap: {
        data: features as unknown as FeatureInterface[],
        segments: segments as unknown as Segment[],
      },
    });
    try {
      return questions.map(({ flag, context: { userId, currentTime, ...properties } }) => {
        const own = { ...(userId === undefined ? {} : { userId }), ...(currentTime ? { currentTime } : {}) };
        const variant = sdk.getVariant(flag, { ...own, properties } as unknown as Context);
        return { enabled: variant.feature_enabled ?? false, variant: variant.enabled ? variant.name : null };
      });
    } finally {
      sdk.destroy();
    }
  }

  /** The part of a decision that an SDK can see. */
  function seen({ enabled, variant }: FlagDecision): Answer {
    return { enabled, variant: enabled ? variant : null };
  }

  it('decide in the real SDK, and by index, as the reference does: 10,000 random rule sets', async () => {
    let tooMany = 0;
    for (let batch = 0; batch < 20; batch += 1) {
      const at = seed + batch;
      const states = fc
        .sample(anyState, { seed: at, numRuns: 520 })
        .map((state, index) => renamed(state, index));
      const byKey = new Map(states.map((state) => [state.flag.key, state]));
      const world = { segments, flag: (key: string) => byKey.get(key) };
      const deciders = new Map<string, FlagDecider>();
      const features = states.flatMap((state) => {
        deciders.set(state.flag.key, new FlagDecider(state, segments, (key) => deciders.get(key)));
        try {
          // What is archived is not sent.
          return state.archived ? [] : [compileFeature(state, undefined, segments)];
        } catch (error) {
          if (!(error instanceof TooManyStrategiesError)) throw error;
          tooMany += 1;
          byKey.delete(state.flag.key);
          deciders.delete(state.flag.key);
          return [];
        }
      });
      const contexts = fc.sample(anyContext, { seed: at, numRuns: 2_000 });
      const questions = contexts.map((asked, index) => ({
        flag: `f${index % states.length}`,
        context: asked,
      }));
      const answers = await ask(features, questions, [...segments.values()]);
      for (const [index, { flag, context: asked }] of questions.entries()) {
        const state = byKey.get(flag);
        if (!state) continue;
        const expected = seen(evaluate(state, asked, world));
        const decided = seen(deciders.get(flag)?.decide(asked) as FlagDecision);
        const wanted = JSON.stringify(expected);
        if (JSON.stringify(answers[index]) !== wanted || JSON.stringify(decided) !== wanted)
          expect({ at, state, asked, sdk: answers[index], decided }).toEqual({
            at,
            state,
            asked,
            sdk: expected,
            decided: expected,
          });
      }
    }
    expect(tooMany).toBeLessThan(400);
  });

  it('only adds to who is in when a percentage is raised, at every level', () => {
    fc.assert(
      fc.property(
        anyState,
        anyContext,
        fc.nat(),
        fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 })),
        (state, asked, which, [a, b]) => {
          const index = which % Math.max(1, state.rules.length);
          const share = (percentage: number) => ({
            ...state,
            flag: { ...state.flag, dependencies: [] },
            rules: state.rules.map((rule, at) =>
              at === index && rule.enabled ? { ...rule, percentage } : rule,
            ),
          });
          const low = evaluate(share(Math.min(a, b)), asked, { segments, flag: () => undefined });
          const high = evaluate(share(Math.max(a, b)), asked, { segments, flag: () => undefined });
          if (low.enabled) expect(seen(high)).toEqual(seen(low));
        },
      ),
      { numRuns, seed },
    );
  });

  it('finds by index what the reference finds by looking at every rule', () => {
    fc.assert(
      fc.property(flagState, context, (state, asked) => {
        expect(new RuleIndex(state.rules).winner(asked)).toBe(winner(state.rules, asked));
      }),
      { numRuns, seed },
    );
  });

  it('shows one strategy for a branch above its tenant, most specific first to win', () => {
    const feature = compileFeature({
      flag: variant,
      enabled: true,
      archived: false,
      rules: [
        { scope: { kind: 'TENANT', key: 'northwind' }, enabled: true, variant: 'legacy' },
        { scope: { kind: 'BRANCH', key: 'northwind/seattle' }, enabled: true, variant: 'waterfall' },
      ],
    });
    expect(
      feature.strategies.map(({ constraints, variants: [first] }) => [
        first?.name,
        ...constraints.map(
          ({ contextName, operator, values }) => `${contextName} ${operator} ${values.join()}`,
        ),
      ]),
    ).toEqual([
      ['waterfall', 'branch IN northwind/seattle'],
      ['legacy', 'tenant IN northwind'],
    ]);
  });

  it('keeps less specific rules out of a scope that is off, or off for a part or a while', () => {
    const lines = (...rules: FlagRule[]) =>
      compileFeature({ flag: boolean, enabled: true, archived: false, rules }).strategies.map(
        ({ parameters, constraints }) =>
          [
            parameters['rollout'] ?? 'all',
            ...constraints.map(
              ({ contextName, operator, values, value, inverted }) =>
                `${contextName} ${inverted ? 'not ' : ''}${operator} ${value ?? values.join()}`,
            ),
          ].join(', '),
      );
    const everywhere: FlagRule = { scope: { kind: 'ENVIRONMENT', key: '*' }, enabled: true, variant: null };
    const tenant: FlagRule = { ...everywhere, scope: { kind: 'TENANT', key: 'northwind' } };
    expect(lines(everywhere, { ...tenant, enabled: false })).toEqual(['all, tenant NOT_IN northwind']);
    expect(lines(everywhere, { ...tenant, percentage: 20 })).toEqual([
      '20, tenant IN northwind',
      'all, tenant NOT_IN northwind',
    ]);
    const endsAt = '2030-01-01T00:00:00.000Z';
    expect(lines(everywhere, { ...tenant, enabled: false, endsAt })).toEqual([
      'all, tenant NOT_IN northwind',
      `all, tenant IN northwind, currentTime not DATE_BEFORE ${endsAt}`,
    ]);
  });
});
