export const alertKinds = ['FOREIGN_REPORT', 'TENANT_TOKEN_AT_OPERATOR_API', 'WALL_REFUSED'] as const;

/**
 * What was tried. `FOREIGN_REPORT`: a token of one tenant reported about another. `TENANT_TOKEN_AT_OPERATOR_API`: a
 * token of a tenant asked the operators' API. `WALL_REFUSED`: the database refused a service's statement for a tenant,
 * by row-level security or for want of a right.
 */
export type AlertKind = (typeof alertKinds)[number];

export interface CrossTenantAttempt {
  kind: AlertKind;
  /** Who tried, e.g. `sdk-token/<name>`, `service/<name>`. Never a secret. */
  source: string;
  /** The tenant for which it tried. */
  tenantId: string | null;
}

/** Attempts of one kind by one source for one tenant within ten minutes; `tenant` is the slug. */
export interface SecurityAlert {
  id: string;
  kind: AlertKind;
  source: string;
  tenant: string | null;
  attempts: number;
  firstAt: Date;
  lastAt: Date;
}
