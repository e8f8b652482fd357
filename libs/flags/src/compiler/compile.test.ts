import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InMemStorageProvider, startUnleash } from 'unleash-client';
import type { Context } from 'unleash-client';
import type { FeatureInterface } from 'unleash-client/lib/feature.js';
import type { Segment } from 'unleash-client/lib/strategy/strategy.js';
import { prepareConstraint } from '../evaluator/index.js';
import { scopeKinds, type FlagContext, type FlagRule } from '../flag.js';
import {
  anyContext,
  anyState,
  boolean,
  context,
  flagState,
  renamed,
  segments,
  variant,
} from './flag-states.fixture.js';
import {
  compileFeature,
  evaluate,
  inShare,
  RuleIndex,
  shareOf,
  stickinessOf,
  unleashOperators,
  winner,
  FlagDecider,
  TooManyStrategiesError,
  type FlagDecision,
  type UnleashFeature,
  type UnleashSegment,
} from './index.js';

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

  it('are drawn with every operator, level and stickiness, each with both answers', () => {
    const [holds, shares, levels] = [new Map<string, number>(), new Map<string, number>(), new Set<string>()];
    const note = (map: Map<string, number>, key: string, yes: boolean) =>
      map.set(key, (map.get(key) ?? 0) | (yes ? 1 : 2));
    const draws = fc.sample(fc.tuple(anyState, anyContext), { seed, numRuns: 5_000 });
    for (const [{ rules }, asked] of draws) {
      for (const rule of rules) {
        levels.add(rule.scope.kind);
        for (const constraint of rule.constraints ?? []) {
          const { operator, inverted, caseInsensitive } = constraint;
          const yes = prepareConstraint(constraint)(asked);
          note(holds, operator, yes);
          if (inverted) note(holds, `${operator} inverted`, yes);
          if (caseInsensitive && /STR|REGEX/.test(operator)) note(holds, `${operator} insensitive`, yes);
        }
        const share = shareOf(rule);
        if (share > 0 && share < 100) note(shares, stickinessOf(rule), inShare('f', rule, asked));
      }
    }
    const both = (map: Map<string, number>) => [...map].filter(([, seen]) => seen === 3).map(([key]) => key);
    const variations = unleashOperators.flatMap((operator) => [
      operator,
      `${operator} inverted`,
      ...(/STR|REGEX/.test(operator) ? [`${operator} insensitive`] : []),
    ]);
    expect(both(holds).toSorted()).toEqual(variations.toSorted());
    expect(both(shares).toSorted()).toEqual(
      [
        'tier',
        'region',
        'tenant',
        'branch',
        'warehouse',
        'account',
        'userId',
        'sessionId',
        'plan',
      ].toSorted(),
    );
    expect([...levels].toSorted()).toEqual([...scopeKinds].toSorted());
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
