import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InMemStorageProvider, Unleash, type Context } from 'unleash-client';
import type { FeatureInterface } from 'unleash-client/lib/feature.js';
import {
  unleashOperators,
  type UnleashConstraint,
  type UnleashFeature,
  type UnleashSegment,
  type UnleashStrategy,
  type UnleashVariant,
} from '../../compiler/index.js';
import { foldFeature } from './fold-feature.js';
import { FixedContext } from './token-scope.js';

const seed = Number(process.env['TIERDECK_TEST_SEED'] ?? Date.now() % 2 ** 31);
/** Without it, whoever has no user id would be given a random bucket. */
const sessionId = 's1';
const features = 400;
const contextsPerFeature = 25;

/** Few values, so that constraints and contexts meet often. */
const values: Record<string, string[]> = {
  tenant: ['northwind', 'contoso'],
  tier: ['SHARED', 'DEDICATED'],
  region: ['eu', 'us'],
  branch: ['northwind/seattle', 'northwind/london', 'contoso/seattle'],
  warehouse: ['northwind/w1', 'contoso/w1'],
  account: ['northwind/alfki', 'contoso/alfki'],
  userId: ['ann', 'bob', 'northwind/ann', 'contoso/ann'],
  plan: ['gold', '5', '2026-01-01T00:00:00.000Z', '1.2.3'],
};
const field = fc.constantFrom(...Object.keys(values));
const valueOf = (name: string) => fc.constantFrom(...(values[name] ?? []));
/** Of which some can match no unit of northwind, some only seem so. */
const patterns = [
  '^contoso/',
  '^contoso/(s|a)',
  '^northwind/',
  '^contoso/s|on',
  '^contoso/?',
  '^Contoso/',
  'o',
  'contoso/',
  '(contoso|northwind)/(sea|[a-l]|w)',
  'd/[^s]|contoso/|n.*n$',
  '(con|nor)t(oso|hwind){1,2}/',
  '^.*/.*(ea|l)[t-w]?',
  '(?:^|x)no?r(th){1,}.{4,6}/s',
  '^[a-o]+th(wind)?wind/w\\d$',
];
/** What a text operator may look for in a unit's key. */
const texts = ['contoso/', 'northwind/', 'd/s', 'o/s', 'so/seattle', '/w1', 'CONTOSO/', 'wind/L'];
const unitFields = new Set(['branch', 'warehouse', 'account', 'userId']);

const constraint: fc.Arbitrary<UnleashConstraint> = field.chain((contextName) =>
  fc.record({
    contextName: fc.constant(contextName),
    operator: unitFields.has(contextName)
      ? fc.constantFrom('IN', 'NOT_IN', 'STR_STARTS_WITH', 'STR_CONTAINS', 'STR_ENDS_WITH', 'REGEX')
      : fc.oneof(fc.constantFrom('IN', 'NOT_IN'), fc.constantFrom(...unleashOperators, 'NO_SUCH_OPERATOR')),
    values: fc.array(
      fc.oneof(
        valueOf(contextName),
        fc.constantFrom('', ' eu ', 'n', ...(unitFields.has(contextName) ? texts : [])),
      ),
      {
        maxLength: 4,
      },
    ),
    value: fc.constantFrom(
      // A user of no tenant may be called so: that text without a slash stays.
      ...(unitFields.has(contextName)
        ? patterns.filter((one) => contextName !== 'userId' || one !== '^contoso/?')
        : []),
      '5',
      '1.2.3',
      '2025-01-01T00:00:00.000Z',
      'e',
      '(',
    ),
    inverted: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    caseInsensitive: fc.boolean(),
  }),
);

const variants = (overrides: boolean): fc.Arbitrary<UnleashVariant[]> =>
  fc
    .constantFrom('default', 'tenant', 'tier', 'plan', ...(overrides ? [undefined] : []))
    .chain((stickiness) =>
      fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('a', 'b', 'c'),
          weight: fc.constantFrom(0, 100, 500),
          ...(stickiness ? { stickiness: fc.constant(stickiness) } : {}),
          overrides: overrides
            ? fc.array(
                field.chain((contextName) =>
                  fc.record({
                    contextName: fc.constant(contextName),
                    values: fc.array(valueOf(contextName), { maxLength: 2 }),
                  }),
                ),
                { maxLength: 2 },
              )
            : fc.constant([]),
        }),
        { selector: ({ name }) => name, maxLength: 3 },
      ),
    );

const strategy: fc.Arbitrary<UnleashStrategy> = fc.record({
  name: fc.constantFrom('default', 'flexibleRollout', 'flexibleRollout', 'userWithId', 'nobody-knows'),
  parameters: fc.record({
    rollout: fc.constantFrom('0', '30', '70', '100'),
    stickiness: fc.constantFrom('default', 'tenant', 'region', 'branch', 'plan'),
    groupId: fc.constantFrom('g1', 'g2'),
    userIds: fc.constantFrom('ann', 'northwind/ann,contoso/ann', ''),
  }),
  constraints: fc.array(constraint, { maxLength: 3 }),
  segments: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
  variants: variants(false),
});

const world = fc.record({
  segments: fc.tuple(
    ...[1, 2, 3].map((id) =>
      fc.record({ id: fc.constant(id), constraints: fc.array(constraint, { maxLength: 2 }) }),
    ),
  ),
  strategies: fc.array(strategy, { maxLength: 4 }),
  variants: variants(true),
  enabled: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
});

const token = fc.record({
  region: fc.constantFrom('eu', null),
  branch: fc.constantFrom(null, 'northwind/seattle'),
});

/** What a client of northwind can say of itself; fields that its token fixes may be claimed at will. */
const claim = fc.record(
  {
    tenant: valueOf('tenant'),
    tier: valueOf('tier'),
    region: valueOf('region'),
    branch: fc.constantFrom('northwind/seattle', 'northwind/london'),
    warehouse: fc.constantFrom('northwind/w1', 'northwind/w2'),
    account: fc.constant('northwind/alfki'),
    userId: fc.constantFrom('ann', 'bob', 'carl', 'northwind/ann'),
    plan: valueOf('plan'),
    currentTime: fc.constantFrom('2024-06-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z'),
  },
  { requiredKeys: ['plan'] },
);

describe(`folding what a token fixes, seed ${seed}`, () => {
  it('decides as the SDK does with the fixed fields in the context', async () => {
    const runs = fc.sample(
      fc.tuple(
        world,
        token,
        fc.array(claim, { minLength: contextsPerFeature, maxLength: contextsPerFeature }),
      ),
      { numRuns: features, seed },
    );
    const originals: UnleashFeature[] = [];
    const folded: UnleashFeature[] = [];
    const allSegments: UnleashSegment[] = [];
    runs.forEach(([{ segments, ...rest }, { region, branch }], index) => {
      const renumber = (id: number) => index * 10 + id;
      const own = segments.map(({ id, constraints }) => ({ id: renumber(id), constraints }));
      allSegments.push(...own);
      const feature: UnleashFeature = {
        ...rest,
        name: `f${index}`,
        type: 'release',
        project: 'default',
        description: 'for contoso',
        stale: false,
        impressionData: false,
        dependencies: [],
        strategies: rest.strategies.map((s) => ({ ...s, segments: (s.segments ?? []).map(renumber) })),
      };
      originals.push(feature);
      const fixed = new FixedContext({ slug: 'northwind', tier: 'SHARED', region }, branch);
      folded.push(foldFeature(feature, new Map(own.map((segment) => [segment.id, segment])), fixed));
    });
    const [before, after] = [await sdkOf(originals, allSegments), await sdkOf(folded, allSegments)];
    let on = 0;
    runs.forEach(([, { region, branch }, claims], index) => {
      for (const { userId, currentTime, ...said } of claims) {
        // The SDK reads a time that is given as text as well.
        const time = currentTime === undefined ? {} : { currentTime: currentTime as unknown as Date };
        const user = { ...(userId === undefined ? {} : { userId }), ...time };
        const fixed = {
          ...said,
          tenant: 'northwind',
          tier: 'SHARED',
          region: region ?? undefined,
          ...(branch === null ? {} : { branch }),
        };
        const expected = answer(before, `f${index}`, { ...user, sessionId, properties: defined(fixed) });
        expect({
          index,
          ...answer(after, `f${index}`, { ...user, sessionId, properties: defined(said) }),
        }).toEqual({
          index,
          ...expected,
        });
        on += expected.enabled ? 1 : 0;
      }
    });
    // Neither all on nor all off: the sample has something to tell apart.
    expect(on).toBeGreaterThan(features);
    expect(on).toBeLessThan(features * contextsPerFeature - features);
    // Whatever the operator; a segment is sent beside the feature and looked at elsewhere.
    const naming = folded.map((one) => JSON.stringify(one)).filter((json) => /contoso/i.test(json));
    expect(naming).toEqual([]);
    before.destroy();
    after.destroy();
  });

  it('takes the values of other tenants away, so that claiming one of their units matches nothing', async () => {
    const inList = (contextName: string, list: string[]): UnleashConstraint => ({
      contextName,
      operator: 'IN',
      values: list,
      inverted: false,
      caseInsensitive: false,
    });
    const feature = (name: string, constraints: UnleashConstraint[]): UnleashFeature => ({
      name,
      type: 'release',
      project: 'default',
      enabled: true,
      stale: false,
      impressionData: false,
      strategies: [{ name: 'default', parameters: {}, constraints, variants: [] }],
      variants: [],
      dependencies: [],
    });
    const fixed = new FixedContext({ slug: 'northwind', tier: 'SHARED', region: 'eu' }, null);
    const fold = (one: UnleashFeature) => foldFeature(one, new Map(), fixed);
    const branches = fold(feature('f', [inList('branch', ['contoso/seattle', 'northwind/seattle'])]));
    expect(branches.strategies[0]?.constraints[0]?.values).toEqual(['northwind/seattle']);
    const users = fold(feature('g', [inList('userId', ['contoso/ann', 'ann', 'northwind/ann'])]));
    expect(users.strategies[0]?.constraints[0]?.values).toEqual(['ann', 'northwind/ann']);
    const starting = (contextName: string, operator: string, text: string, inverted = false) => {
      const one = { contextName, operator, value: text, values: [text], inverted, caseInsensitive: false };
      return fold(feature('s', [one as UnleashConstraint])).strategies.map(
        ({ constraints }) => constraints.length,
      );
    };
    for (const pattern of ['^contoso/', String.raw`^contoso\/(a|b)$`, '^contoso/[|(]', '^contoso/+x']) {
      expect([pattern, starting('branch', 'REGEX', pattern)]).toEqual([pattern, []]);
      expect([pattern, starting('userId', 'REGEX', pattern)]).toEqual([pattern, []]);
      expect([pattern, starting('account', 'REGEX', pattern, true)]).toEqual([pattern, [0]]);
    }
    expect(starting('branch', 'REGEX', '^contoso/?')).toEqual([]);
    for (const pattern of ['^contoso/a|b', '^northwind/', '^(?i)contoso/', String.raw`^contoso/\Q(\E|b`])
      expect([pattern, starting('branch', 'REGEX', pattern)]).toEqual([pattern, [1]]);
    expect(starting('userId', 'STR_STARTS_WITH', 'contoso/a')).toEqual([]);
    expect(starting('userId', 'STR_STARTS_WITH', 'cont')).toEqual([1]);
    const many = Array.from({ length: 5_000 }, (_, index) => `tenant-${index}`);
    expect(fold(feature('h', [inList('tenant', many)]))).toMatchObject({ enabled: false, strategies: [] });
    expect(fold(feature('i', [inList('tenant', [...many, 'northwind'])])).strategies).toMatchObject([
      { constraints: [] },
    ]);
    const sdk = await sdkOf([branches], []);
    expect(sdk.isEnabled('f', { properties: { tenant: 'contoso', branch: 'contoso/seattle' } })).toBe(false);
    sdk.destroy();
  });
});

function answer(sdk: Unleash, name: string, context: Context) {
  const { enabled, name: variant } = sdk.getVariant(name, context);
  return { enabled: sdk.isEnabled(name, context), variant: enabled ? variant : null };
}

function defined(fields: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

async function sdkOf(data: UnleashFeature[], segments: UnleashSegment[]): Promise<Unleash> {
  const sdk = new Unleash({
    appName: 'fold-test',
    url: 'http://127.0.0.1:9/api/',
    refreshInterval: 0,
    disableMetrics: true,
    skipInstanceCountWarning: true,
    storageProvider: new InMemStorageProvider(),
    bootstrap: { data: data as unknown as FeatureInterface[], segments: segments as never },
  });
  sdk.on('warn', () => undefined);
  await new Promise((resolve) => sdk.once('ready', resolve));
  return sdk;
}
