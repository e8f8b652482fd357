export type Placement = 'SHARED' | 'DEDICATED';
export type IsolationTier = 'SHARED' | 'HYBRID' | 'DEDICATED';
export type TenantStatus =
  'PROVISIONING' | 'ACTIVE' | 'MOVING' | 'SUSPENDED' | 'OFFBOARDING' | 'OFFBOARDED' | 'FAILED';
/** What a suspension refuses: writes alone, or everything. */
export type Suspension = 'READ_ONLY' | 'ALL';
export type UnitKind = 'REGION' | 'BRANCH' | 'WAREHOUSE' | 'ACCOUNT';

/** A distributor that runs on the platform. */
export interface Tenant {
  id: string;
  slug: string;
  name: string;
  plan: string;
  status: TenantStatus;
  region: string | null;
  labels: Record<string, string>;
  databasePlacement: Placement;
  workerPlacement: Placement;
  /** The database that holds the tenant's rows, once it does. */
  databaseId: string | null;
  /** Of a SUSPENDED tenant; null stands for ALL. */
  suspension: Suspension | null;
  /** Of an OFFBOARDING tenant: where an undelete leads back to. */
  statusBefore: TenantStatus | null;
  /** End of the retention time of an OFFBOARDING tenant. */
  eraseAfter: Date | null;
  /** Set: its erasure has begun. */
  erasingSince: Date | null;
  createdAt: Date;
}

/** A region, branch, warehouse or account of a tenant. */
export interface Unit {
  tenantId: string;
  kind: UnitKind;
  code: string;
  name: string;
  parentKind: UnitKind | null;
  parentCode: string | null;
  attributes: Record<string, unknown>;
}

/** The tier follows from the two placements: one dedicated makes hybrid, both make dedicated. */
export function isolationTier(database: Placement, integrationWorkers: Placement): IsolationTier {
  if (database === integrationWorkers) return database;
  return 'HYBRID';
}

/** Which tenants: every given condition must hold; none given selects nobody, so that an empty selector is a no-op. */
export interface TenantSelector {
  slugs?: string[];
  /** Every label must have this value. */
  labels?: Record<string, string>;
  tiers?: IsolationTier[];
  regions?: string[];
}

export function selects(selector: TenantSelector, tenant: Tenant): boolean {
  const { slugs, labels, tiers, regions } = selector;
  if (!slugs && !labels && !tiers && !regions) return false;
  return (
    (!slugs || slugs.includes(tenant.slug)) &&
    (!labels || Object.entries(labels).every(([key, value]) => tenant.labels[key] === value)) &&
    (!tiers || tiers.includes(isolationTier(tenant.databasePlacement, tenant.workerPlacement))) &&
    (!regions || (tenant.region !== null && regions.includes(tenant.region)))
  );
}

/**
 * Name of a unit across all tenants, as flags and contexts use it: `northwind/seattle`.
 * A bare code is unique only inside its tenant and kind.
 */
export function unitKey(tenantSlug: string, code: string): string {
  return `${tenantSlug}/${code}`;
}
