import { randomUUID } from 'node:crypto';
import { NotFoundError, rowsOf, violatedConstraint, type Transaction } from '#platform';
import { SlugTakenError } from './tenancy.errors.js';
import type { Placement, Suspension, Tenant, TenantStatus } from './tenant.js';
import { toTenant, type TenantRow } from './tenants.read-model.js';

/** What a tenant is made of when it is new. */
export interface NewTenantRow {
  slug: string;
  name: string;
  plan: string;
  region: string | null;
  labels: Record<string, string>;
  database: Placement;
  integrationWorkers: Placement;
  kit: string | null;
  manifestDigest: string | null;
}

/** @throws SlugTakenError TENANT_SLUG_TAKEN */
export async function insertTenant(tx: Transaction, tenant: NewTenantRow): Promise<Tenant> {
  const rows = await rowsOf<TenantRow>(
    tx,
    `insert into tenant (id, slug, name, plan, status, region, labels, database_placement, worker_placement, kit,
       manifest_digest)
     values ($1, $2, $3, $4, 'PROVISIONING', $5, $6, $7, $8, $9, $10)
     on conflict (slug) do nothing returning *`,
    [
      randomUUID(),
      tenant.slug,
      tenant.name,
      tenant.plan,
      tenant.region,
      JSON.stringify(tenant.labels),
      tenant.database,
      tenant.integrationWorkers,
      tenant.kit,
      tenant.manifestDigest,
    ],
  ).catch((error: unknown) => {
    if (violatedConstraint(error) === 'tenant_slug_key') throw new SlugTakenError(tenant.slug);
    throw error;
  });
  if (!rows[0]) throw new SlugTakenError(tenant.slug);
  return toTenant(rows[0]);
}

/** Reads a tenant and keeps others from changing it until the transaction ends. @throws NotFoundError */
export async function lockTenant(tx: Transaction, by: { slug: string } | { id: string }): Promise<Tenant> {
  const [column, value] = 'slug' in by ? ['slug', by.slug] : ['id', by.id];
  const [row] = await rowsOf<TenantRow>(tx, `select * from tenant where ${column} = $1 for update`, [value]);
  if (!row) throw new NotFoundError('tenant', value, { field: 'tenant', hint: 'tierdeck get tenants' });
  return toTenant(row);
}

/** Columns that a command may change, by their names in the table. */
export interface TenantColumns {
  name: string;
  plan: string;
  status: TenantStatus;
  suspension: Suspension | null;
  status_before: TenantStatus | null;
  erase_after: null;
  region: string | null;
  labels: Record<string, string>;
  database_placement: Placement;
  worker_placement: Placement;
  worker_pool: string | null;
  database_id: string | null;
  standby_database_id: string | null;
  manifest_digest: string;
}

export async function updateTenant(
  tx: Transaction,
  id: string,
  columns: Partial<TenantColumns>,
): Promise<void> {
  const names = Object.keys(columns);
  const sets = names.map((name, i) => `${name} = $${i + 2}`);
  const values = Object.values(columns).map((value) =>
    value !== null && typeof value === 'object' ? JSON.stringify(value) : value,
  );
  await tx.query(
    `update tenant set ${[...sets, 'version = version + 1', 'updated_at = now()'].join(', ')} where id = $1`,
    [id, ...values],
  );
}
