import type { Scope, ScopeKind } from './flags.query.js';

/** From the least to the most specific; the most specific rule that matches wins. */
export const scopeKinds = [
  'ENVIRONMENT',
  'TIER',
  'REGION',
  'TENANT',
  'BRANCH',
  'WAREHOUSE',
  'ACCOUNT',
  'USER',
] as const satisfies ScopeKind[];

const unitScopes: ScopeKind[] = ['BRANCH', 'WAREHOUSE', 'ACCOUNT'];
export const isUnitScope = (kind: ScopeKind): kind is 'BRANCH' | 'WAREHOUSE' | 'ACCOUNT' =>
  unitScopes.includes(kind);

/** A scope as an address parameter: `BRANCH:northwind/bos`. */
export const formatScope = ({ kind, key }: Scope): string => `${kind}:${key}`;

export function parseScope(value: string | undefined): Scope | undefined {
  const at = value?.indexOf(':') ?? -1;
  if (!value || at < 0) return undefined;
  const kind = scopeKinds.find((known) => known === value.slice(0, at));
  return kind && { kind, key: value.slice(at + 1) };
}

/** The tenant's slug of a scope at or under a tenant. */
export const tenantOf = (scope: Scope): string | undefined =>
  scope.kind === 'TENANT' || isUnitScope(scope.kind) ? scope.key.split('/')[0] : undefined;

export function describeScope({ kind, key }: Scope): string {
  return kind === 'ENVIRONMENT' ? 'everywhere' : `${kind.toLowerCase()} ${key}`;
}

/** The context in which a flag is decided for a scope. */
export function contextOf(scope: Scope) {
  const tenant = tenantOf(scope);
  return {
    ...(tenant ? { tenant } : {}),
    ...(scope.kind === 'BRANCH' ? { branch: scope.key } : {}),
    ...(scope.kind === 'WAREHOUSE' ? { warehouse: scope.key } : {}),
    ...(scope.kind === 'ACCOUNT' ? { account: scope.key } : {}),
    ...(scope.kind === 'USER' ? { userId: scope.key } : {}),
  };
}
