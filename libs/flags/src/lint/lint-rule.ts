import { contextField, isUnitScope, type FlagScope, type FlagScopeKind, type RiskClass } from '../flag.js';
import { keyStart, patternStart } from '../pattern-start.js';

/** ERROR: refused unless somebody says why it is wanted. WARNING: told, and let through. */
export type LintSeverity = 'ERROR' | 'WARNING';

export const lintCodes = [
  'OPENS_WITHOUT_FIELD',
  'OPENS_FOR_EVERYBODY',
  'RANDOM_STICKINESS',
  'STICKINESS_MISSING',
  'SHARE_IS_ALL_OR_NOTHING',
  'NEVER_MATCHES',
  'SCOPE_UNKNOWN',
  'SHOWN_TO_EVERY_TENANT',
  'FINANCIAL_EVERYWHERE',
] as const;
export type LintCode = (typeof lintCodes)[number];

export interface LintFinding {
  code: LintCode;
  severity: LintSeverity;
  message: string;
  /** Path within the rule, e.g. `constraints.0`. */
  field: string;
  hint: string;
}

/** The part of an Unleash constraint that the lint looks at. */
export interface LintedConstraint {
  contextName: string;
  operator: string;
  values?: readonly string[];
  value?: string | undefined;
  inverted?: boolean;
}

/** A rule as it would be set. */
export interface LintedRule {
  enabled: boolean;
  percentage?: number;
  stickiness?: string;
  constraints?: readonly LintedConstraint[];
  segments?: readonly number[];
  startsAt?: string;
  endsAt?: string;
}

export interface LintSurroundings {
  scope: FlagScope;
  riskClass: RiskClass;
  production: boolean;
  /** false: no tenant or unit of this key is known. */
  scopeExists: boolean;
  /** Constraints of the segments that the rule names, by id. */
  segments?: ReadonlyMap<number, readonly LintedConstraint[]>;
  now: Date;
}

/** What every context has: the SDKs give it themselves. */
const always = ['environment', 'appName', 'currentTime'];
/** What the data plane states for a scope besides the field that the scope itself looks at. */
const stated: Partial<Record<FlagScopeKind, readonly string[]>> = {
  TENANT: ['tier'],
  BRANCH: ['tenant', 'tier'],
  WAREHOUSE: ['tenant', 'tier'],
  ACCOUNT: ['tenant', 'tier'],
};

/**
 * What is wrong with a rule that is turned on: above all, whether it opens by accident. An SDK takes NOT_IN, and any
 * inverted constraint, as true when the context lacks the field; a service that forgets to state the branch would then
 * get what "every branch but this one" was meant to give.
 */
export function lintRule(rule: LintedRule, around: LintSurroundings): LintFinding[] {
  if (!rule.enabled) return around.scopeExists ? [] : [unknownScope(around.scope)];
  const own = (rule.constraints ?? []).map((constraint, index) => ({
    constraint,
    field: `constraints.${index}`,
  }));
  const ofSegments = (rule.segments ?? []).flatMap((id) =>
    (around.segments?.get(id) ?? []).map((constraint) => ({ constraint, field: 'segments' })),
  );
  const all = [...own, ...ofSegments];
  const present = presentFields(
    around.scope,
    all.map(({ constraint }) => constraint),
  );
  return [
    ...all.flatMap(({ constraint, field }) => lintConstraint(constraint, field, present)),
    ...lintShare(rule, around.scope, present),
    ...all.flatMap(({ constraint, field }) => lintReaders(constraint, field, around.scope)),
    ...lintTimes(rule, around.now),
    ...(around.scopeExists ? [] : [unknownScope(around.scope)]),
    ...lintReach(rule, around),
  ];
}

/** Fields that the context must have for the rule to match at all. */
export function presentFields(scope: FlagScope, constraints: readonly LintedConstraint[]): Set<string> {
  const fields = new Set(always);
  if (scope.kind !== 'ENVIRONMENT') fields.add(contextField[scope.kind]);
  for (const field of stated[scope.kind] ?? []) fields.add(field);
  // A constraint that is false without its field vouches for it.
  for (const constraint of constraints)
    if (!trueWithoutField(constraint) && !matchesAnything(constraint)) fields.add(constraint.contextName);
  return fields;
}

function trueWithoutField({ operator, inverted = false }: LintedConstraint): boolean {
  return (operator === 'NOT_IN') !== inverted;
}

/** Whether a constraint is true whatever the field holds. */
function matchesAnything({ operator, values = [], value, inverted = false }: LintedConstraint): boolean {
  if (operator === 'NOT_IN' || operator === 'IN')
    return values.length === 0 && (operator === 'NOT_IN') !== inverted;
  if (inverted) return operator.startsWith('STR_') && values.length === 0;
  if (operator.startsWith('STR_')) return values.includes('');
  if (operator === 'IN_CIDR') return values.some((range) => range.endsWith('/0'));
  return operator === 'REGEX' && ['', '.*', '^', '$', '^.*$'].includes(value ?? '');
}

export function lintConstraint(
  constraint: LintedConstraint,
  field: string,
  present: ReadonlySet<string>,
): LintFinding[] {
  const { contextName, operator, inverted = false } = constraint;
  const what = `${inverted ? 'inverted ' : ''}${operator}`;
  if (matchesAnything(constraint))
    return [
      {
        code: 'OPENS_FOR_EVERYBODY',
        severity: 'ERROR',
        message: `The ${what} on "${contextName}" is true for everybody.`,
        field,
        hint: 'Leave the constraint out if that is meant, or name values.',
      },
    ];
  if (!trueWithoutField(constraint) || present.has(contextName)) return [];
  return [
    {
      code: 'OPENS_WITHOUT_FIELD',
      severity: 'ERROR',
      message: `The ${what} on "${contextName}" is also true where the context has no "${contextName}".`,
      field,
      hint: `Name whom it is for (IN), add a constraint that needs "${contextName}", or a rule that turns the others off.`,
    },
  ];
}

const ofOneTenant: readonly string[] = ['TENANT', 'BRANCH', 'WAREHOUSE', 'ACCOUNT'];
const unitFields: readonly string[] = ['branch', 'warehouse', 'account'];
const looksInside: readonly string[] = ['STR_CONTAINS', 'STR_ENDS_WITH', 'REGEX'];

/** What can be decided for a tenant ahead is not sent to the others; text from within a unit's key cannot. */
function lintReaders(
  { contextName, operator, values = [], value = '' }: LintedConstraint,
  field: string,
  scope: FlagScope,
): LintFinding[] {
  if (ofOneTenant.includes(scope.kind) || !unitFields.includes(contextName)) return [];
  if (!looksInside.includes(operator)) return [];
  if (operator === 'REGEX' ? patternStart(value) : values.every((text) => keyStart(text))) return [];
  return [
    {
      code: 'SHOWN_TO_EVERY_TENANT',
      severity: 'WARNING',
      message: `The ${operator} on "${contextName}" is sent as it is written to the services of every tenant.`,
      field,
      hint: `If it names a tenant: a rule for that tenant, IN, STR_STARTS_WITH "<tenant>/", or a pattern that begins "^<tenant>/".`,
    },
  ];
}

function lintShare(rule: LintedRule, scope: FlagScope, present: ReadonlySet<string>): LintFinding[] {
  const { percentage = 100, stickiness } = rule;
  if (percentage >= 100 || percentage <= 0 || stickiness === undefined) return [];
  const field = 'stickiness';
  if (stickiness === 'random' || stickiness === 'default')
    return [
      {
        code: 'RANDOM_STICKINESS',
        severity: 'ERROR',
        message: `Sticky by "${stickiness}", a context without user and session gets another answer each time.`,
        field,
        hint: 'Name the field that must keep its answer, e.g. account.',
      },
    ];
  if (scope.kind !== 'ENVIRONMENT' && contextField[scope.kind] === stickiness)
    return [
      {
        code: 'SHARE_IS_ALL_OR_NOTHING',
        severity: 'WARNING',
        message: `There is one ${stickiness} in this scope: ${percentage} % of it is either all or nothing.`,
        field,
        hint: 'Choose a finer field, e.g. account.',
      },
    ];
  if (present.has(stickiness)) return [];
  return [
    {
      code: 'STICKINESS_MISSING',
      severity: 'WARNING',
      message: `A context without "${stickiness}" is never in the share.`,
      field,
      hint: 'Choose a field that your services state.',
    },
  ];
}

function lintTimes({ startsAt, endsAt }: LintedRule, now: Date): LintFinding[] {
  const over = endsAt !== undefined && Date.parse(endsAt) <= now.getTime();
  const empty = startsAt !== undefined && endsAt !== undefined && Date.parse(endsAt) <= Date.parse(startsAt);
  if (!over && !empty) return [];
  return [
    {
      code: 'NEVER_MATCHES',
      severity: 'WARNING',
      message: over ? 'The rule ends in the past.' : 'The rule ends before it starts.',
      field: 'endsAt',
      hint: 'Give it an end that is still to come.',
    },
  ];
}

function lintReach(rule: LintedRule, { scope, riskClass, production }: LintSurroundings): LintFinding[] {
  const narrowed =
    scope.kind !== 'ENVIRONMENT' ||
    (rule.percentage ?? 100) < 100 ||
    (rule.constraints ?? []).length > 0 ||
    (rule.segments ?? []).length > 0;
  if (narrowed || riskClass !== 'FINANCIAL' || !production) return [];
  return [
    {
      code: 'FINANCIAL_EVERYWHERE',
      severity: 'WARNING',
      message: 'It turns a financial flag on for everybody in production at once.',
      field: 'scope',
      hint: 'Send it through waves: tierdeck release create',
    },
  ];
}

function unknownScope({ kind, key }: FlagScope): LintFinding {
  return {
    code: 'SCOPE_UNKNOWN',
    severity: 'WARNING',
    message: `There is no ${kind.toLowerCase()} "${key}" yet: the rule decides for nobody until there is.`,
    field: 'scope.key',
    hint: isUnitScope(kind) ? 'Units are named "<tenant>/<code>".' : 'tierdeck get tenants',
  };
}
