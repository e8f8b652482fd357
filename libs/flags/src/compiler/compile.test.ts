import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InMemStorageProvider, startUnleash } from 'unleash-client';
import type { FeatureInterface } from 'unleash-client/lib/feature.js';
import {
  contextField,
  scopeKinds,
  type FlagContext,
  type FlagDefinition,
  type FlagRule,
  type FlagScopeKind,
} from '../flag.js';
import {
  compileFeature,
  evaluate,
  RuleIndex,
  tenantView,
  winner,
  boundContext,
  type FlagState,
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

const seed = Number(process.env['TIERDECK_TEST_SEED'] ?? Date.now() % 2 ** 31);
const numRuns = 5_000;

describe('compiled flags', () => {
  beforeAll(() => console.info(`compile.test.ts: TIERDECK_TEST_SEED=${seed}`));

  /** What the unmodified SDK answers when it starts offline from this one feature. */
  async function ask(
    state: FlagState,
    contexts: readonly FlagContext[],
  ): Promise<{ enabled: boolean; variant: string | null }[]> {
    const sdk = await startUnleash({
      appName: 'compile-test',
      url: 'http://127.0.0.1:9/api/',
      refreshInterval: 0,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider(),
      bootstrap: { data: [compileFeature(state)] as unknown as FeatureInterface[] },
    });
    try {
      return contexts.map(({ userId, ...properties }) => {
        const sdkContext = { ...(userId === undefined ? {} : { userId }), properties };
        const variant = sdk.getVariant(state.flag.key, sdkContext);
        return {
          enabled: sdk.isEnabled(state.flag.key, sdkContext),
          variant: variant.enabled ? variant.name : null,
        };
      });
    } finally {
      sdk.destroy();
    }
  }

  /** The part of a decision that an SDK can see. */
  function expectedOf(state: FlagState, asked: FlagContext): { enabled: boolean; variant: string | null } {
    const { enabled, variant: name } = evaluate(state, asked);
    return { enabled, variant: enabled ? name : null };
  }

  it('decides in the real SDK as the reference does', async () => {
    await fc.assert(
      fc.asyncProperty(
        flagState,
        fc.array(context, { minLength: 1, maxLength: 4 }),
        async (state, contexts) => {
          expect(await ask(state, contexts)).toEqual(contexts.map((asked) => expectedOf(state, asked)));
        },
      ),
      { numRuns, seed },
    );
  });

  it('folds for a tenant without changing what that tenant sees, and names no other', async () => {
    const tenants = fc.record({
      slug: fc.constantFrom('northwind', 'contoso'),
      tier: fc.constantFrom('SHARED', 'DEDICATED'),
      region: fc.constantFrom('eu', 'us', null),
    });
    await fc.assert(
      fc.asyncProperty(flagState, tenants, context, async (state, tenant, asked) => {
        const folded = { ...state, rules: tenantView(state.rules, tenant) };
        const bound = boundContext(asked, tenant);
        expect(await ask(folded, [bound])).toEqual([expectedOf(state, bound)]);
        const other = tenant.slug === 'northwind' ? 'contoso' : 'northwind';
        expect(JSON.stringify(compileFeature(folded))).not.toContain(other);
      }),
      { numRuns: 1_000, seed },
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
      ['legacy', 'tenant IN northwind', 'branch NOT_IN northwind/seattle'],
      ['waterfall', 'branch IN northwind/seattle'],
    ]);
  });
});
