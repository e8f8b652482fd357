import { z } from 'zod';
import type pg from 'pg';
import { rowsOf, type Transaction } from '#platform';
import type { Unit, UnitKind } from './tenant.js';

const code = z.string().min(1).max(64);
const name = z.string().min(1).max(200);

/** `spec.units` of a manifest: units that come with no kit, or besides it. */
export const declaredUnits = z.strictObject({
  regions: z.array(z.strictObject({ code, name })).default([]),
  branches: z.array(z.strictObject({ code, name, region: code.optional() })).default([]),
  warehouses: z.array(z.strictObject({ code, name, branch: code.optional() })).default([]),
  accounts: z.array(z.strictObject({ code, name, branch: code.optional() })).default([]),
});
export type DeclaredUnits = z.infer<typeof declaredUnits>;

/** Writes declared units into the tenant's own tables; the connection has the tenant set. */
export async function writeDeclaredUnits(client: pg.ClientBase, units: DeclaredUnits): Promise<void> {
  const upsert = async (
    table: string,
    parent: string | undefined,
    rows: readonly object[],
  ): Promise<void> => {
    if (rows.length === 0) return;
    const columns = ['code', 'name', ...(parent ? [parent] : [])];
    await client.query(
      `insert into ${table} (${columns.join(', ')})
       select ${columns.map((column) => `r.${column}`).join(', ')}
       from jsonb_to_recordset($1) as r(${columns.map((column) => `${column} text`).join(', ')})
       on conflict (tenant_id, code) do update set ${columns.map((c) => `${c} = excluded.${c}`).join(', ')}`,
      [JSON.stringify(rows)],
    );
  };
  await upsert('region', undefined, units.regions);
  await upsert('branch', 'region', units.branches);
  await upsert('warehouse', 'branch', units.warehouses);
  await upsert('account', 'branch', units.accounts);
}

/** Reads the units out of the tenant's own tables; the connection has the tenant set. */
export async function readUnits(client: pg.ClientBase): Promise<Omit<Unit, 'tenantId'>[]> {
  const { rows } = await client.query<Omit<Unit, 'tenantId'>>(
    `select 'REGION' as kind, code, name, null as "parentKind", null as "parentCode", '{}'::jsonb as attributes from region
     union all
     select 'BRANCH', code, name, case when region is not null then 'REGION' end, region, attributes from branch
     union all
     select 'WAREHOUSE', code, name, case when branch is not null then 'BRANCH' end, branch, attributes from warehouse
     union all
     select 'ACCOUNT', code, name, case when branch is not null then 'BRANCH' end, branch,
       attributes || jsonb_build_object('class', class) from account`,
  );
  return rows;
}

/** Makes the control plane's copy of a tenant's units equal to what was read. @returns how many of each kind. */
export async function replaceUnits(
  tx: Transaction,
  tenantId: string,
  units: readonly Omit<Unit, 'tenantId'>[],
): Promise<Record<UnitKind, number>> {
  await tx.query('delete from unit where tenant_id = $1', [tenantId]);
  const counts = await rowsOf<{ kind: UnitKind; count: number }>(
    tx,
    `with copied as (
       insert into unit (tenant_id, kind, code, name, parent_kind, parent_code, attributes)
       select $1, r.kind, r.code, r.name, r."parentKind", r."parentCode", r.attributes
       from jsonb_to_recordset($2) as r(kind text, code text, name text, "parentKind" text, "parentCode" text,
         attributes jsonb)
       returning kind)
     select kind, count(*)::int as count from copied group by kind`,
    [tenantId, JSON.stringify(units)],
  );
  const none: Record<UnitKind, number> = { REGION: 0, BRANCH: 0, WAREHOUSE: 0, ACCOUNT: 0 };
  return Object.assign(none, Object.fromEntries(counts.map(({ kind, count }) => [kind, count])));
}
