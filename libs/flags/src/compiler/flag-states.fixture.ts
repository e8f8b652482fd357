import fc from 'fast-check';
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
  unleashOperators,
  type FlagState,
  type UnleashConstraint,
  type UnleashSegment,
  type UnleashStrategy,
  type UnleashVariant,
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

export const boolean: FlagDefinition = { key: 'b', kind: 'BOOLEAN', variants: [], defaultVariant: null };
export const variant: FlagDefinition = {
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

export const flagState: fc.Arbitrary<FlagState> = fc
  .tuple(fc.constantFrom(boolean, variant), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 19 }))
  .chain(([flag, kill, archive]) =>
    ruleSet(flag).map((rules) => ({ flag, enabled: kill > 0, archived: archive === 0, rules })),
  );

/** Any field may be absent, empty or unknown to the rules; units need not fit the tenant. */
export const context: fc.Arbitrary<FlagContext> = fc.record(
  Object.fromEntries(
    scopeKinds
      .filter((kind) => kind !== 'ENVIRONMENT')
      .map((kind) => [contextField[kind], fc.constantFrom(...keys[kind], 'other', '', undefined)]),
  ),
  { requiredKeys: [] },
);

const moments = ['2026-01-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'];

/** Fields that constraints look at: of every scope, and others. */
const fields = [
  ...scopeKinds.filter((kind) => kind !== 'ENVIRONMENT').map((kind) => contextField[kind]),
  'sessionId',
  'plan',
];
const list = fc.subarray(
  [
    'northwind',
    'contoso/seattle',
    'northwind/W1',
    'ann',
    'eu',
    'SHARED',
    'gold',
    ' gold ',
    'l',
    '3',
    '',
  ].concat('10.0.0.0/8', '10.0.0.1', 'fe80::/10'),
  { maxLength: 6 },
);
const none = fc.constant<string[]>([]);

/** What an operator compares with, good and bad. */
function operand(operator: string): fc.Arbitrary<string> {
  if (operator.startsWith('NUM_')) return fc.constantFrom('1', '3', '2.5', '-1e3', 'x');
  if (operator.startsWith('SEMVER_')) return fc.constantFrom('1.0.0', '2.0.0', '1.0.0-rc.1', 'x');
  if (operator.startsWith('DATE_')) return fc.constantFrom(...moments, '2026-03-01', 'x');
  return fc.constantFrom('^n', 'GOLD', '^(eu|us)$', 'o.*/s', '[0-9]', '(');
}

/** Constraints with every operator. */
const constraint: fc.Arbitrary<UnleashConstraint> = fc.constantFrom(...unleashOperators).chain((operator) =>
  fc.record({
    contextName: /^(NUM|SEMVER|IN_CIDR)/.test(operator)
      ? fc.constant('plan')
      : operator.startsWith('DATE_')
        ? fc.constantFrom('currentTime', 'plan')
        : fc.constantFrom(...fields),
    operator: fc.constant(operator),
    ...(/^(IN|NOT_IN|STR_.*|IN_CIDR)$/.test(operator)
      ? { values: list }
      : { values: none, value: operand(operator) }),
    inverted: fc.boolean(),
    caseInsensitive: fc.boolean(),
  }),
);

/** Segments that rules and strategies share; no segment has number 99. */
export const segments = new Map(
  [
    { id: 1, constraints: [] },
    { id: 2, constraints: [blank({ values: ['gold'] })] },
    { id: 3, constraints: [blank({ values: ['gold', '3'] }), blank({ operator: 'NUM_GT', value: '1' })] },
    {
      id: 4,
      constraints: [blank({ contextName: 'warehouse', operator: 'NOT_IN', values: ['northwind/w1'] })],
    },
    {
      id: 5,
      constraints: [
        blank({ operator: 'STR_CONTAINS', values: ['OL'], caseInsensitive: true }),
        blank({
          contextName: 'currentTime',
          operator: 'DATE_AFTER',
          value: moments[1] ?? '',
          inverted: true,
        }),
      ],
    },
  ].map((segment): [number, UnleashSegment] => [segment.id, segment]),
);
const segmentIds = fc.constantFrom(1, 2, 3, 4, 5, 99);

function blank(given: Partial<UnleashConstraint>): UnleashConstraint {
  const none = { contextName: 'plan', operator: 'IN', values: [], inverted: false, caseInsensitive: false };
  return { ...none, ...given };
}

const conditions: fc.Arbitrary<RuleConditions> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.record(
    {
      constraints: fc.array(constraint, { minLength: 1, maxLength: 2 }),
      segments: fc.uniqueArray(segmentIds, { minLength: 1, maxLength: 2 }),
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
      stickiness: fc.constantFrom(...fields),
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
  name: fc.constantFrom('default', 'flexibleRollout', 'userWithId', 'gradualRolloutUserId', 'unknown'),
  parameters: fc.record({
    rollout: fc.constantFrom('50', '100'),
    percentage: fc.constantFrom('50', '100'),
    stickiness: fc.constantFrom(...fields),
    groupId: fc.constant('g'),
    userIds: fc.constantFrom('ann', 'bob, ann'),
  }),
  constraints: fc.array(constraint, { maxLength: 2 }),
  segments: fc.uniqueArray(segmentIds, { maxLength: 1 }),
  variants: fc.constantFrom<UnleashVariant[]>([], [], [{ name: 'fair', weight: 1_000 }]),
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
export const anyState: fc.Arbitrary<FlagState> = fc
  .tuple(
    flagState,
    fc.constantFrom<FlagDefinition['lifecycle']>('ACTIVE', 'ACTIVE', 'ACTIVE', 'STALE', 'DRAFT'),
    dependencies,
    fc.oneof(fc.constant(null), fc.constant(null), fc.array(baseStrategy, { maxLength: 2 })),
    // Of BOOLEAN flags too: whatever is stored, they have none.
    fc.constantFrom<UnleashVariant[]>([], [], [{ name: 'legacy', weight: 1_000 }]),
  )
  .chain(([state, lifecycle, needs, strategies, featureVariants]) =>
    anyRules(state.flag).map((rules) => ({
      ...state,
      rules,
      strategies,
      featureVariants,
      flag: { ...state.flag, ...(lifecycle ? { lifecycle } : {}), dependencies: needs },
    })),
  );

export function renamed(state: FlagState, index: number): FlagState {
  return { ...state, flag: { ...state.flag, key: `f${index}` } };
}

export const anyContext: fc.Arbitrary<FlagContext> = fc
  .tuple(
    context,
    fc.record(
      {
        plan: fc.constantFrom(
          'gold',
          'Gold',
          '3',
          '2.5',
          '1.0.0',
          '1.0.0-rc.1',
          'v2.0.0',
          '10.0.0.1',
          'fe80::1',
        ),
        sessionId: fc.constantFrom('s1', 's2', 'northwind'),
        currentTime: fc.constantFrom(...moments, '2026-03-01T00:00:00.000Z', '2028-01-01'),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([scope, more]) => ({ ...scope, ...more }));
