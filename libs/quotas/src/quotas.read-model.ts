import { Injectable } from '@nestjs/common';
import { Database, NotFoundError, rowsOf, type Transaction } from '#platform';
import type { QuotaSnapshot } from '#runtime/wire';
import { quotaSnapshot, type PlanLimit, type QuotaBoost, type QuotaKind, type QuotaLayers } from './quota.js';

export interface QuotaView extends QuotaLayers {
  /** Slug. */
  tenant: string;
  kind: QuotaKind;
}

export interface PlanView {
  name: string;
  description: string | null;
  weight: number;
  limits: (PlanLimit & { kind: QuotaKind })[];
}

/** A tenant's part of the runtime snapshot. */
export interface TenantQuotas {
  weight: number;
  quotas: QuotaSnapshot[];
}

interface LayersRow {
  tenant_id: string;
  slug: string;
  weight: number;
  kind: QuotaKind;
  plan_limit: number;
  plan_burst: number | null;
  plan_hard: boolean;
  override_limit: number | null;
  override_burst: number | null;
  override_hard: boolean | null;
  boost_limit: number | null;
  boost_burst: number | null;
  boost_until: Date | null;
  boost_reason: string | null;
  boost_by: string | null;
}

/** A tenant whose plan is not described gets the plan `standard`. */
const layers = `
  select t.id as tenant_id, t.slug, p.weight, l.kind, l.limit_value as plan_limit, l.burst as plan_burst,
    l.hard as plan_hard, o.limit_value as override_limit, o.burst as override_burst, o.hard as override_hard,
    b.limit_value as boost_limit, b.burst as boost_burst, b.valid_until as boost_until, b.reason as boost_reason,
    b.set_by as boost_by
  from tenant t
    join plan p on p.name = coalesce((select name from plan where name = t.plan), 'standard')
    join plan_limit l on l.plan = p.name
    left join quota_override o on o.tenant_id = t.id and o.kind = l.kind
    left join quota_boost b on b.tenant_id = t.id and b.kind = l.kind and b.valid_until > now()`;

/** Order in which kinds are told: what a request meets first comes first. */
const kindOrder = `array_position(array['REQUEST_RATE', 'CONCURRENCY', 'JOBS_IN_FLIGHT', 'JOBS_QUEUED'], l.kind)`;

/** Limits as they are stored and as they hold. */
@Injectable()
export class QuotasReadModel {
  constructor(private readonly database: Database) {}

  /** @throws NotFoundError TENANT_NOT_FOUND */
  async ofTenant(slug: string): Promise<QuotaView[]> {
    const rows = await this.database.query<LayersRow>(`${layers} where t.slug = $1 order by ${kindOrder}`, [
      slug,
    ]);
    if (rows.length === 0) {
      throw new NotFoundError('tenant', slug, { field: 'tenant', hint: 'tierdeck get tenants' });
    }
    return rows.map(toView);
  }

  async one(slug: string, kind: QuotaKind): Promise<QuotaView> {
    const quota = (await this.ofTenant(slug)).find((view) => view.kind === kind);
    if (!quota) throw new NotFoundError('quota', `${slug} ${kind}`);
    return quota;
  }

  async plans(): Promise<PlanView[]> {
    return this.database.query<PlanView>(
      `select p.name, p.description, p.weight,
         (select json_agg(json_build_object('kind', l.kind, 'limit', l.limit_value, 'burst', l.burst, 'hard', l.hard)
                          order by ${kindOrder})
          from plan_limit l where l.plan = p.name) as limits
       from plan p order by p.weight, p.name`,
    );
  }

  /** Weight and limits of every tenant, by tenant id; in the transaction that reads the rest of the snapshot. */
  async snapshot(tx: Transaction): Promise<Map<string, TenantQuotas>> {
    const rows = await rowsOf<LayersRow & { now: Date }>(
      tx,
      `select *, now() as now from (${layers} where t.status <> 'OFFBOARDED' order by t.slug, ${kindOrder}) l`,
    );
    const byTenant = new Map<string, TenantQuotas>();
    for (const row of rows) {
      const tenant = byTenant.get(row.tenant_id) ?? { weight: row.weight, quotas: [] };
      byTenant.set(row.tenant_id, tenant);
      tenant.quotas.push(quotaSnapshot(row.kind, toView(row), row.now));
    }
    return byTenant;
  }
}

function toView(row: LayersRow): QuotaView {
  const override: PlanLimit | null =
    row.override_limit === null
      ? null
      : { limit: row.override_limit, burst: row.override_burst, hard: row.override_hard ?? true };
  const boost: QuotaBoost | null =
    row.boost_limit === null || row.boost_until === null
      ? null
      : {
          limit: row.boost_limit,
          burst: row.boost_burst,
          until: row.boost_until,
          reason: row.boost_reason,
          by: row.boost_by ?? '',
        };
  const plan = { limit: row.plan_limit, burst: row.plan_burst, hard: row.plan_hard };
  return { tenant: row.slug, kind: row.kind, plan, override, boost };
}
