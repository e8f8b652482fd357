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

/** What a rule decides for its scope. */
export interface FlagRule {
  scope: FlagScope;
  enabled: boolean;
  /** Name of a variant; only of VARIANT flags, and only when enabled. */
  variant: string | null;
}

export interface FlagVariant {
  name: string;
  payload?: unknown;
  description?: string | null | undefined;
}

/** What a decision depends on besides the rules. */
export interface FlagDefinition {
  key: string;
  kind: FlagKind;
  variants: readonly FlagVariant[];
  /** What a VARIANT flag stands for when it is off. */
  defaultVariant: string | null;
}

/**
 * Whom a flag is evaluated for. Units are named across tenants, `northwind/seattle`; an absent field matches no rule
 * of its scope.
 */
export interface FlagContext {
  tier?: string | undefined;
  region?: string | undefined;
  tenant?: string | undefined;
  branch?: string | undefined;
  warehouse?: string | undefined;
  account?: string | undefined;
  userId?: string | undefined;
}

/** The field of the context, of OFREP and of the Unleash context that a scope looks at. */
export const contextField: Record<Exclude<FlagScopeKind, 'ENVIRONMENT'>, keyof FlagContext> = {
  TIER: 'tier',
  REGION: 'region',
  TENANT: 'tenant',
  BRANCH: 'branch',
  WAREHOUSE: 'warehouse',
  ACCOUNT: 'account',
  USER: 'userId',
};

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
