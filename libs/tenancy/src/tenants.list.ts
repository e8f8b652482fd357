import { Injectable } from '@nestjs/common';
import { Database, decodeCursor, pageSize, toConnection, type Connection, type PageArgs } from '#platform';
import type { IsolationTier, Tenant, TenantStatus, Unit, UnitKind } from './tenant.js';
import { toTenant, toUnit, type TenantRow, type UnitRow } from './tenants.read-model.js';

export interface TenantFilter {
  search?: string | null | undefined;
  status?: TenantStatus[] | null | undefined;
  tier?: IsolationTier[] | null | undefined;
  region?: string | null | undefined;
  /** `key=value`, or `key` for any value. */
  label?: string | null | undefined;
}

export interface UnitFilter {
  kind?: UnitKind | null | undefined;
  parent?: string | null | undefined;
}

export interface UnitCount {
  kind: UnitKind;
  count: number;
}

const tier = `case when database_placement = worker_placement then database_placement else 'HYBRID' end`;
const matches = `
  ($1::text is null or slug ilike $1 or name ilike $1)
  and ($2::text[] is null or status = any($2))
  and ($3::text[] is null or ${tier} = any($3))
  and ($4::text is null or region = $4)
  and ($5::text is null or labels ? $5) and ($6::text is null or labels ->> $5 = $6)`;

const unitMatches = `tenant_id = $1 and ($2::text is null or kind = $2) and ($3::text is null or parent_code = $3)`;

/** Pages of tenants and of units for the API. */
@Injectable()
export class TenantsList {
  constructor(private readonly database: Database) {}

  /** Tenants by slug; the offboarded only when asked for by status. */
  async page(filter: TenantFilter, args: PageArgs): Promise<Connection<Tenant>> {
    const [label, value] = filter.label?.split(/=(.*)/s) ?? [];
    const parameters = [
      filter.search ? `%${filter.search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%` : null,
      filter.status ?? null,
      filter.tier ?? null,
      filter.region ?? null,
      label ?? null,
      value ?? null,
    ];
    const shown = `${matches} and ($2::text[] is not null or status <> 'OFFBOARDED')`;
    const rows = await this.database.query<TenantRow>(
      `select * from tenant where ${shown} and ($7::text is null or slug > $7) order by slug limit $8`,
      [...parameters, decodeCursor(args.after) ?? null, pageSize(args) + 1],
    );
    const [count] = await this.database.query<{ count: number }>(
      `select count(*)::int as count from tenant where ${shown}`,
      parameters,
    );
    return toConnection(rows.map(toTenant), args, count?.count ?? 0, ({ slug }) => slug);
  }

  /** Units of one tenant by kind and code. */
  async units(tenantId: string, filter: UnitFilter, args: PageArgs): Promise<Connection<Unit>> {
    const parameters = [tenantId, filter.kind ?? null, filter.parent ?? null];
    const rows = await this.database.query<UnitRow>(
      `select * from unit where ${unitMatches}
         and ($4::text is null or (kind, code) > (split_part($4, '/', 1), substr($4, strpos($4, '/') + 1)))
       order by kind, code limit $5`,
      [...parameters, decodeCursor(args.after) ?? null, pageSize(args) + 1],
    );
    const [count] = await this.database.query<{ count: number }>(
      `select count(*)::int as count from unit where ${unitMatches}`,
      parameters,
    );
    return toConnection(rows.map(toUnit), args, count?.count ?? 0, ({ kind, code }) => `${kind}/${code}`);
  }

  /** How many units of each kind each tenant has; for data loaders. */
  async unitCounts(tenantIds: readonly string[]): Promise<UnitCount[][]> {
    const rows = await this.database.query<UnitCount & { tenant_id: string }>(
      `select tenant_id, kind, count(*)::int as count from unit where tenant_id = any($1)
       group by tenant_id, kind order by kind`,
      [tenantIds],
    );
    return tenantIds.map((id) => rows.filter(({ tenant_id }) => tenant_id === id));
  }
}
