import {
  environmentScope,
  matches,
  specificity,
  tenantOfScope,
  type FlagContext,
  type FlagRule,
} from '../flag.js';

/** What a token of one tenant fixes of every context. */
export interface TenantIdentity {
  slug: string;
  tier: string;
  region: string | null;
}

/** Scopes that a tenant's identity decides. */
const decidedKinds = new Set(['ENVIRONMENT', 'TIER', 'REGION', 'TENANT']);

/**
 * The rules as one tenant needs them: what its identity decides is folded into one rule for the environment, and what
 * concerns other tenants is gone. The result does not grow with the number of tenants and names none of them.
 * Holds for every context: `evaluate(tenantView(rules, t), c)` is `evaluate(rules, boundContext(c, t))`.
 */
export function tenantView(rules: readonly FlagRule[], tenant: TenantIdentity): FlagRule[] {
  const identity = identityContext(tenant);
  let base: FlagRule | undefined;
  const view: FlagRule[] = [];
  for (const rule of rules) {
    if (decidedKinds.has(rule.scope.kind)) {
      if (!matches(rule.scope, identity)) continue;
      if (!base || specificity(rule.scope.kind) > specificity(base.scope.kind)) base = rule;
    } else if (belongsTo(rule, tenant.slug)) {
      view.push(rule);
    }
  }
  return base ? [{ ...base, scope: environmentScope }, ...view] : view;
}

/** A context in which the token's tenant stands, whatever the caller claims: units of other tenants fall away. */
export function boundContext(context: FlagContext, tenant: TenantIdentity): FlagContext {
  const own = (key: string | undefined) => (key?.startsWith(`${tenant.slug}/`) ? key : undefined);
  return {
    ...context,
    ...identityContext(tenant),
    branch: own(context.branch),
    warehouse: own(context.warehouse),
    account: own(context.account),
  };
}

function identityContext(tenant: TenantIdentity): FlagContext {
  return { tenant: tenant.slug, tier: tenant.tier, region: tenant.region ?? undefined };
}

/** Users are not of one tenant; their rules hold everywhere. */
function belongsTo(rule: FlagRule, slug: string): boolean {
  return rule.scope.kind === 'USER' || tenantOfScope(rule.scope) === slug;
}
