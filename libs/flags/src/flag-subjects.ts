import { Injectable } from '@nestjs/common';
import { Database, NotFoundError } from '#platform';
import { isolationTier, unitKey, type Placement } from '#tenancy';
import { contextField, type FlagContext } from './flag.js';

export type SubjectUnitKind = 'BRANCH' | 'WAREHOUSE' | 'ACCOUNT';

/** A tenant, or a unit of one, for whom a flag can be decided. */
export interface FlagSubject {
  tenant: string;
  tenantName: string;
  /** null: the tenant as a whole. */
  unitKind: SubjectUnitKind | null;
  unitCode: string | null;
  unitName: string | null;
  context: FlagContext;
}

export interface SubjectFilter {
  tenant?: string | null | undefined;
  kinds: readonly SubjectUnitKind[];
  /** Only this unit of its kind, by key; tenants are given anyway. */
  only?: string | undefined;
  limit: number;
}

const pageOfTenants = 200;
const pageOfUnits = 5_000;

interface SubjectRow {
  slug: string;
  name: string;
  region: string | null;
  database_placement: Placement;
  worker_placement: Placement;
  units: {
    kind: SubjectUnitKind;
    code: string;
    name: string;
    parentKind: string | null;
    parentCode: string | null;
  }[];
}

/** Tenants and their units as contexts of flags, as the data plane would state them. Nothing here changes anything. */
@Injectable()
export class FlagSubjects {
  constructor(private readonly database: Database) {}

  /** Tenants by slug, each followed by its units; cut off at the limit. */
  async list({ tenant, kinds, only, limit }: SubjectFilter): Promise<FlagSubject[]> {
    const rows = await this.database.query<SubjectRow>(
      `select t.slug, t.name, t.region, t.database_placement, t.worker_placement, coalesce((
         select json_agg(json_build_object('kind', u.kind, 'code', u.code, 'name', u.name,
           'parentKind', u.parent_kind, 'parentCode', u.parent_code) order by u.kind, u.name, u.code)
         from unit u where u.tenant_id = t.id and u.kind = any($2)
           and ($3::text is null or t.slug || '/' || u.code = $3)), '[]') as units
       from tenant t where t.status <> 'OFFBOARDED' and ($1::text is null or t.slug = $1)
       order by t.slug limit $4`,
      [tenant ?? null, kinds, only ?? null, limit],
    );
    const subjects: FlagSubject[] = [];
    for (const row of rows) {
      subjects.push(subject(row, null));
      for (const unit of row.units) subjects.push(subject(row, unit));
      if (subjects.length >= limit) break;
    }
    return subjects.slice(0, limit);
  }

  /**
   * Every tenant with its units, tenant by tenant, in pages: memory does not grow with their number.
   * @param tenant only this one.
   */
  async *pages(kinds: readonly SubjectUnitKind[], tenant?: string): AsyncGenerator<FlagSubject[]> {
    for (let after = ''; ;) {
      const tenants = await this.database.query<Omit<SubjectRow, 'units'>>(
        `select slug, name, region, database_placement, worker_placement from tenant
         where status <> 'OFFBOARDED' and slug > $1 and ($2::text is null or slug = $2) order by slug limit $3`,
        [after, tenant ?? null, pageOfTenants],
      );
      const last = tenants.at(-1);
      if (!last) return;
      yield* this.#unitPages(tenants, kinds);
      after = last.slug;
    }
  }

  /** Tenants as a whole, by slug, from the one after. */
  async tenantsAfter(after: string, limit: number): Promise<FlagSubject[]> {
    const rows = await this.database.query<Omit<SubjectRow, 'units'>>(
      `select slug, name, region, database_placement, worker_placement from tenant
       where status <> 'OFFBOARDED' and slug > $1 order by slug limit $2`,
      [after, limit],
    );
    return rows.map((row) => subject(row, null));
  }

  async *#unitPages(
    tenants: readonly Omit<SubjectRow, 'units'>[],
    kinds: readonly SubjectUnitKind[],
  ): AsyncGenerator<FlagSubject[]> {
    const bySlug = new Map(tenants.map((row) => [row.slug, row]));
    const told = new Set<string>();
    let [slug, kind, code] = ['', '', ''];
    for (;;) {
      const units = await this.database.query<SubjectRow['units'][number] & { slug: string }>(
        `select t.slug, u.kind, u.code, u.name, u.parent_kind as "parentKind", u.parent_code as "parentCode"
         from unit u join tenant t on t.id = u.tenant_id
         where t.slug = any($1) and u.kind = any($2) and (t.slug, u.kind, u.code) > ($3, $4, $5)
         order by t.slug, u.kind, u.code limit $6`,
        [[...bySlug.keys()], kinds, slug, kind, code, pageOfUnits],
      );
      const last = units.at(-1);
      const batch: FlagSubject[] = [];
      for (const unit of units) {
        const row = bySlug.get(unit.slug);
        if (!row) continue;
        if (!told.has(unit.slug)) batch.push(subject(row, null));
        told.add(unit.slug);
        batch.push(subject(row, unit));
      }
      if (!last) {
        // Tenants without units.
        yield tenants.filter((row) => !told.has(row.slug)).map((row) => subject(row, null));
        return;
      }
      yield batch;
      [slug, kind, code] = [last.slug, last.kind, last.code];
    }
  }

  /**
   * The context of a question in which units may be named by code or by key.
   * @throws NotFoundError TENANT_NOT_FOUND, UNIT_NOT_FOUND
   */
  async context(asked: Omit<FlagContext, 'tier' | 'region'>): Promise<FlagContext> {
    const units = (['branch', 'warehouse', 'account'] as const).flatMap((field) => {
      const value = asked[field];
      return value === undefined ? [] : [{ field, value }];
    });
    const slug = asked.tenant ?? units.find(({ value }) => value.includes('/'))?.value.split('/')[0];
    const user = asked.userId === undefined ? {} : { userId: asked.userId };
    if (slug === undefined) {
      const [lost] = units;
      if (lost)
        throw new NotFoundError('unit', lost.value, { field: lost.field, hint: 'Name its tenant too.' });
      return user;
    }
    const [tenant] = await this.list({ tenant: slug, kinds: [], limit: 1 });
    if (!tenant) throw new NotFoundError('tenant', slug, { field: 'tenant', hint: 'tierdeck get tenants' });
    const keys = units.map(({ field, value }) => ({
      field,
      key: value.startsWith(`${slug}/`) ? value : unitKey(slug, value),
    }));
    await this.#requireUnits(slug, keys);
    return { ...tenant.context, ...Object.fromEntries(keys.map(({ field, key }) => [field, key])), ...user };
  }

  async #requireUnits(slug: string, keys: readonly { field: string; key: string }[]): Promise<void> {
    const known = await this.database.query<{ name: string }>(
      `select lower(u.kind) || ' ' || t.slug || '/' || u.code as name from unit u join tenant t on t.id = u.tenant_id
       where t.slug = $1 and u.code = any($2)`,
      [slug, keys.map(({ key }) => key.slice(slug.length + 1))],
    );
    const names = new Set(known.map(({ name }) => name));
    const missing = keys.find(({ field, key }) => !names.has(`${field} ${key}`));
    if (missing) {
      const hint = `Its branches, warehouses and accounts: tierdeck tenant show ${slug}`;
      throw new NotFoundError('unit', missing.key, { field: missing.field, hint });
    }
  }
}

function subject(row: Omit<SubjectRow, 'units'>, unit: SubjectRow['units'][number] | null): FlagSubject {
  const context: FlagContext = {
    tenant: row.slug,
    tier: isolationTier(row.database_placement, row.worker_placement),
    region: row.region ?? undefined,
  };
  // A warehouse or account of a branch is asked for together with that branch.
  if (unit?.parentKind === 'BRANCH' && unit.parentCode !== null)
    context.branch = unitKey(row.slug, unit.parentCode);
  if (unit) context[contextField[unit.kind]] = unitKey(row.slug, unit.code);
  return {
    tenant: row.slug,
    tenantName: row.name,
    unitKind: unit?.kind ?? null,
    unitCode: unit?.code ?? null,
    unitName: unit?.name ?? null,
    context,
  };
}
