import { Injectable } from '@nestjs/common';
import { Database, NotFoundError } from '#platform';
import type { Placement, Suspension, Tenant, TenantStatus, Unit, UnitKind } from './tenant.js';

export interface TenantRow {
  id: string;
  slug: string;
  name: string;
  plan: string;
  status: TenantStatus;
  region: string | null;
  labels: Record<string, string>;
  database_placement: Placement;
  worker_placement: Placement;
  database_id: string | null;
  suspension: Suspension | null;
  status_before: TenantStatus | null;
  erase_after: Date | null;
  erasing_since: Date | null;
  created_at: Date;
}

export interface UnitRow {
  tenant_id: string;
  kind: UnitKind;
  code: string;
  name: string;
  parent_kind: UnitKind | null;
  parent_code: string | null;
  attributes: Record<string, unknown>;
}

/** Reads of tenants and their units, for every domain. Plain SQL; nothing here changes anything. */
@Injectable()
export class TenantsReadModel {
  constructor(private readonly database: Database) {}

  /** Every tenant but the offboarded, by slug. */
  async all(): Promise<Tenant[]> {
    const rows = await this.database.query<TenantRow>(
      `select * from tenant where status <> 'OFFBOARDED' order by slug`,
    );
    return rows.map(toTenant);
  }

  async find(slug: string): Promise<Tenant | undefined> {
    const [row] = await this.database.query<TenantRow>('select * from tenant where slug = $1', [slug]);
    return row && toTenant(row);
  }

  /** @throws NotFoundError TENANT_NOT_FOUND */
  async bySlug(slug: string): Promise<Tenant> {
    const tenant = await this.find(slug);
    if (!tenant) throw new NotFoundError('tenant', slug, { field: 'tenant', hint: 'tierdeck get tenants' });
    return tenant;
  }

  /** @returns the tenants in the order of the ids, undefined where there is none; for data loaders. */
  async byIds(ids: readonly string[]): Promise<(Tenant | undefined)[]> {
    const rows = await this.database.query<TenantRow>('select * from tenant where id = any($1)', [ids]);
    const byId = new Map(rows.map((row) => [row.id, toTenant(row)]));
    return ids.map((id) => byId.get(id));
  }

  /** Units of one tenant, by kind and code. */
  async units(tenantId: string, kind?: UnitKind): Promise<Unit[]> {
    const rows = await this.database.query<UnitRow>(
      `select * from unit where tenant_id = $1 and ($2::text is null or kind = $2) order by kind, code`,
      [tenantId, kind ?? null],
    );
    return rows.map(toUnit);
  }

  async unit(tenantId: string, kind: UnitKind, code: string): Promise<Unit | undefined> {
    const [row] = await this.database.query<UnitRow>(
      'select * from unit where tenant_id = $1 and kind = $2 and code = $3',
      [tenantId, kind, code],
    );
    return row && toUnit(row);
  }
}

export function toTenant(row: TenantRow): Tenant {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    plan: row.plan,
    status: row.status,
    region: row.region,
    labels: row.labels,
    databasePlacement: row.database_placement,
    workerPlacement: row.worker_placement,
    databaseId: row.database_id,
    suspension: row.suspension,
    statusBefore: row.status_before,
    eraseAfter: row.erase_after,
    erasingSince: row.erasing_since,
    createdAt: row.created_at,
  };
}

export function toUnit(row: UnitRow): Unit {
  return {
    tenantId: row.tenant_id,
    kind: row.kind,
    code: row.code,
    name: row.name,
    parentKind: row.parent_kind,
    parentCode: row.parent_code,
    attributes: row.attributes,
  };
}
