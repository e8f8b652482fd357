import type { UnleashConstraint } from './compiler/unleash-feature.js';

export type FlagKind = 'BOOLEAN' | 'VARIANT';

/** FINANCIAL flags move money (pricing, allocation): the audit says so with every change. */
export type RiskClass = 'STANDARD' | 'FINANCIAL';

/** From least to most specific: of the rules that match a context, the last of these wins. */
export const scopeKinds = [
  'ENVIRONMENT',
  'TIER',
  'REGION',
  'TENANT',
  'BRANCH',
  'WAREHOUSE',
  'ACCOUNT',
  'USER',
] as const;
export type FlagScopeKind = (typeof scopeKinds)[number];

/** Where a rule holds. */
export interface FlagScope {
  kind: FlagScopeKind;
  /** `*` for ENVIRONMENT, a slug for TENANT, `slug/code` for units, otherwise the value itself. */
  key: string;
}

export const environmentScope: FlagScope = { kind: 'ENVIRONMENT', key: '*' };

/**
 * What a rule decides for its scope. It matches where its scope and all its conditions do; of those that match, the one
 * of the most specific scope decides.
 */
export interface FlagRule extends RuleConditions {
  scope: FlagScope;
  enabled: boolean;
  /** Name of a variant; only of VARIANT flags, and only when enabled. */
  variant: string | null;
  /** Share of the sticky values that the rule turns on, in percent; the others are off. Absent: all of them. */
  percentage?: number;
  /** Context field that decides who is in the share; absent: {@link defaultStickiness} of the scope. */
  stickiness?: string;
}

/** What must hold besides the scope. */
export interface RuleConditions {
  constraints?: readonly UnleashConstraint[];
  /** Ids of segments. */
  segments?: readonly number[];
  /** ISO 8601; the rule matches after this moment. */
  startsAt?: string;
  /** ISO 8601; the rule matches before this moment. */
  endsAt?: string;
}

/** What a rule says, without its scope. */
export type RuleValue = Omit<FlagRule, 'scope'>;

/** What a rule says, with nothing that says no more than the default: equal rules have equal values. */
export function ruleValue(rule: RuleValue): RuleValue {
  const { enabled, variant, percentage, stickiness, constraints, segments, startsAt, endsAt } = rule;
  return {
    enabled,
    variant,
    ...(percentage === undefined || percentage === 100 || !enabled ? {} : { percentage }),
    ...(stickiness === undefined ? {} : { stickiness }),
    ...(constraints?.length ? { constraints } : {}),
    ...(segments?.length ? { segments } : {}),
    ...(startsAt === undefined ? {} : { startsAt: new Date(startsAt).toISOString() }),
    ...(endsAt === undefined ? {} : { endsAt: new Date(endsAt).toISOString() }),
  };
}

/** Whose share a percentage is, by the scope of its rule: the next finer unit that data-plane services name. */
export const defaultStickiness: Record<FlagScopeKind, string> = {
  ENVIRONMENT: 'tenant',
  TIER: 'tenant',
  REGION: 'tenant',
  TENANT: 'branch',
  BRANCH: 'account',
  WAREHOUSE: 'account',
  ACCOUNT: 'userId',
  USER: 'sessionId',
};

export interface FlagVariant {
  name: string;
  payload?: unknown;
  description?: string | null | undefined;
}

/** DRAFT is off everywhere; STALE still works and waits to be taken out of the code. */
export const flagLifecycles = ['DRAFT', 'ACTIVE', 'STALE'] as const;
export type FlagLifecycle = (typeof flagLifecycles)[number];

/** Unleash's words for what a flag is for. */
export const flagTypes = ['release', 'experiment', 'operational', 'kill-switch', 'permission'] as const;
export type FlagPurpose = (typeof flagTypes)[number];

/** Another flag that must be so for this one to be on. It must have no dependencies itself. */
export interface FlagDependency {
  flag: string;
  /** false: the other one must be off. Absent: on. */
  enabled?: boolean;
  /** The other one must have one of these variants; absent: any. */
  variants?: readonly string[];
}

/** What a decision depends on besides the rules. */
export interface FlagDefinition {
  key: string;
  kind: FlagKind;
  variants: readonly FlagVariant[];
  /** What a VARIANT flag stands for when it is off. */
  defaultVariant: string | null;
  /** Absent: ACTIVE. */
  lifecycle?: FlagLifecycle;
  /** Absent: none. */
  dependencies?: readonly FlagDependency[];
  /** Absent: `default`. */
  project?: string;
  /** Absent: `release`. */
  type?: FlagPurpose;
  /** SDKs then tell the application of every evaluation. Absent: false. */
  impressionData?: boolean;
  /** `type:value` */
  tags?: readonly string[];
}

/**
 * Whom a flag is evaluated for. Units are named across tenants, `northwind/seattle`; an absent field matches no rule
 * of its scope.
 */
export interface FlagContext {
  /** Any other field that constraints look at. */
  [field: string]: string | undefined;
  tier?: string | undefined;
  region?: string | undefined;
  tenant?: string | undefined;
  branch?: string | undefined;
  warehouse?: string | undefined;
  account?: string | undefined;
  userId?: string | undefined;
}

/** The field of the context, of OFREP and of the Unleash context that a scope looks at. */
export const contextField = {
  TIER: 'tier',
  REGION: 'region',
  TENANT: 'tenant',
  BRANCH: 'branch',
  WAREHOUSE: 'warehouse',
  ACCOUNT: 'account',
  USER: 'userId',
} as const satisfies Record<Exclude<FlagScopeKind, 'ENVIRONMENT'>, string>;

/** How specific a scope is: higher wins. */
export function specificity(kind: FlagScopeKind): number {
  return scopeKinds.indexOf(kind);
}

export function matches(scope: FlagScope, context: FlagContext): boolean {
  return scope.kind === 'ENVIRONMENT' || context[contextField[scope.kind]] === scope.key;
}

export function sameScope(a: FlagScope, b: FlagScope): boolean {
  return a.kind === b.kind && a.key === b.key;
}

export function isUnitScope(kind: FlagScopeKind): kind is 'BRANCH' | 'WAREHOUSE' | 'ACCOUNT' {
  return kind === 'BRANCH' || kind === 'WAREHOUSE' || kind === 'ACCOUNT';
}

/** Slug of the tenant that a scope belongs to; undefined for scopes above tenants and for users. */
export function tenantOfScope(scope: FlagScope): string | undefined {
  if (scope.kind === 'TENANT') return scope.key;
  if (!isUnitScope(scope.kind)) return undefined;
  const slash = scope.key.indexOf('/');
  return slash < 0 ? scope.key : scope.key.slice(0, slash);
}
