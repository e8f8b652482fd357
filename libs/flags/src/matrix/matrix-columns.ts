import { Injectable } from '@nestjs/common';
import { Database } from '#platform';
import { isolationTier, unitKey, type Placement } from '#tenancy';
import { contextField } from '../flag.js';
import type { FlagSubject, SubjectUnitKind } from '../flag-subjects.js';

export interface ColumnFilter {
  /** Slug: this tenant and its units alone. */
  tenant?: string | null | undefined;
  /** Kinds of units that have columns beside the tenants. */
  units: readonly SubjectUnitKind[];
  /** In the slug or name of a tenant, or in the code or name of a unit. */
  search?: string | null | undefined;
}

export interface Window {
  offset: number;
  limit: number;
}

interface ColumnRow {
  slug: string;
  tenant_name: string;
  region: string | null;
  database_placement: Placement;
  worker_placement: Placement;
  kind: SubjectUnitKind | null;
  code: string | null;
  name: string | null;
  parent_kind: string | null;
  parent_code: string | null;
  total: string;
}

/** Columns of the matrix in their order: tenants by slug, each followed by its units by kind and name. */
@Injectable()
export class MatrixColumns {
  constructor(private readonly database: Database) {}

  /**
   * A window of the columns, and how many there are in all. Units are only counted, in one pass, outside of the tenants
   * that the window touches: sorting them all for every window would cost more than the rest of the matrix.
   */
  async window(
    filter: ColumnFilter,
    { offset, limit }: Window,
  ): Promise<{ columns: FlagSubject[]; total: number }> {
    const search = filter.search ? `%${filter.search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%` : null;
    const parameters = [filter.tenant ?? null, filter.units, search];
    const rows = await this.database.query<ColumnRow>(
      `${placedTenants}
       select p.slug, p.name as tenant_name, p.region, p.database_placement, p.worker_placement, c.*,
         (select max(last) from place) as total
       from place p, lateral (
         select 0 as rank, null as kind, null as code, null as name, null as parent_kind, null as parent_code
         where p.own = 1
         union all
         select array_position($2::text[], u.kind), u.kind, u.code, u.name, u.parent_kind, u.parent_code
         from unit u where u.tenant_id = p.id and ${unitMatches('p')}
       ) c
       where p.last > $4 and p.last - p.columns < $4 + $5::bigint
       order by p.slug collate "C", c.rank, c.name collate "C", c.code collate "C"
       offset $4 - coalesce((select min(last - columns) from place where last > $4), 0) limit $5`,
      [...parameters, offset, limit],
    );
    const [first] = rows;
    const total = first ? Number(first.total) : await this.#count(parameters);
    return { columns: rows.map(toSubject), total };
  }

  /** Of a window beyond the end. */
  async #count(parameters: unknown[]): Promise<number> {
    const [size] = await this.database.query<{ total: string }>(
      `${placedTenants} select coalesce(max(last), 0) as total from place`,
      parameters,
    );
    return Number(size?.total ?? 0);
  }
}

const unitMatches = (tenant: string) => `u.kind = any($2::text[])
  and ($3::text is null or u.name ilike $3 or u.code ilike $3 or ${tenant}.name ilike $3 or ${tenant}.slug ilike $3)`;

/** Every tenant with the number of its columns and the place of its last one. */
const placedTenants = `with shown as materialized (
    select * from tenant where status <> 'OFFBOARDED' and ($1::text is null or slug = $1)
  ), counted as materialized (
    select u.tenant_id, count(*)::int as units from unit u join shown t on t.id = u.tenant_id
    where ${unitMatches('t')} group by u.tenant_id
  ), size as materialized (
    select t.*, case when $3::text is null or t.name ilike $3 or t.slug ilike $3 then 1 else 0 end as own,
      coalesce(c.units, 0) as units
    from shown t left join counted c on c.tenant_id = t.id
  ), place as materialized (
    select *, own + units as columns, sum(own + units) over (order by slug collate "C") as last
    from size where own + units > 0
  )`;

function toSubject(row: ColumnRow): FlagSubject {
  const { slug, kind, code } = row;
  const subject: FlagSubject = {
    tenant: slug,
    tenantName: row.tenant_name,
    unitKind: kind,
    unitCode: code,
    unitName: row.name,
    context: {
      tenant: slug,
      tier: isolationTier(row.database_placement, row.worker_placement),
      region: row.region ?? undefined,
    },
  };
  // A warehouse or account of a branch is asked for together with that branch.
  if (row.parent_kind === 'BRANCH' && row.parent_code !== null)
    subject.context.branch = unitKey(slug, row.parent_code);
  if (kind !== null && code !== null) subject.context[contextField[kind]] = unitKey(slug, code);
  return subject;
}
