import type pg from 'pg';
import type { StepProgress } from '#operations';
import { rowsOf, type Transaction } from '#platform';
import { countRows, tenantTables, total } from '../databases/tenant-rows.js';

/** Rows deleted in one statement: small enough that other tenants' writes hardly wait. */
const batchRows = 5_000;

/** Deletes a tenant's rows in batches, each a transaction of its own; the tenant id stands in every statement. */
export async function eraseRows(
  client: pg.Client,
  tenantId: string,
  onProgress: (progress: StepProgress) => Promise<void>,
): Promise<void> {
  const all = total(await countRows(client, tenantId));
  let done = 0;
  for (const table of await tenantTables(client)) {
    for (;;) {
      const { rowCount } = await client.query(
        `delete from "${table}" where ctid = any(array(select ctid from "${table}" where tenant_id = $1 limit $2))
           and tenant_id = $1`,
        [tenantId, batchRows],
      );
      if (!rowCount) break;
      done += rowCount;
      await onProgress({ done, total: all, unit: 'rows' });
    }
  }
}

/**
 * What the control plane knows of a tenant's business. Its history (audit, operations, releases, holds, backups) stays,
 * as does its row: a slug is not given out again.
 */
const business = [
  'unit',
  'runtime_instance',
  'worker_process',
  'quota_override',
  'quota_boost',
  'usage_minute',
  'release_kpi',
] as const;

/** What was erased of a tenant in the control plane's own database, and what of its history stays. */
export interface ControlPlaneErasure {
  erased: Record<string, number>;
  kept: Record<string, number>;
}

/** Deletes the business figures and revokes every token, in the caller's transaction. */
export async function eraseFromControlPlane(tx: Transaction, tenantId: string): Promise<ControlPlaneErasure> {
  const erased: Record<string, number> = {};
  for (const table of business) {
    const rows = await rowsOf<{ n: number }>(
      tx,
      `with gone as (delete from ${table} where tenant_id = $1 returning 1) select count(*)::int as n from gone`,
      [tenantId],
    );
    erased[table] = rows[0]?.n ?? 0;
  }
  for (const table of ['tenant_token', 'sdk_token']) {
    await tx.query(`update ${table} set revoked_at = now() where tenant_id = $1 and revoked_at is null`, [
      tenantId,
    ]);
  }
  return { erased, kept: await countInControlPlane(tx, tenantId) };
}

/** Rows with the tenant's id in every table of the catalogue, those without any left out. */
async function countInControlPlane(tx: Transaction, tenantId: string): Promise<Record<string, number>> {
  const tables = await rowsOf<{ name: string }>(
    tx,
    `select c.relname as name from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'
         and not a.attisdropped and a.atttypid = 'uuid'::regtype)
     order by c.relname`,
  );
  if (tables.length === 0) return {};
  const counts = await rowsOf<{ name: string; n: number }>(
    tx,
    tables
      .map(({ name }) => `select '${name}' as name, count(*)::int as n from "${name}" where tenant_id = $1`)
      .join(' union all '),
    [tenantId],
  );
  return Object.fromEntries(counts.filter(({ n }) => n > 0).map(({ name, n }) => [name, n]));
}
