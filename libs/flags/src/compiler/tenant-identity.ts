import type { FlagContext } from '../flag.js';

/** What a token of one tenant fixes of every context. */
export interface TenantIdentity {
  slug: string;
  tier: string;
  region: string | null;
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
