import { rowsOf, type Transaction } from '#platform';
import type { Limit, PlanLimit, QuotaBoost, QuotaKind } from './quota.js';

export interface Plan {
  name: string;
  description: string | null;
  weight: number;
  limits: Record<QuotaKind, PlanLimit>;
}

interface LimitRow {
  kind: QuotaKind;
  limit_value: number;
  burst: number | null;
  hard: boolean;
}

type OverrideRow = LimitRow & { origin: OverrideOrigin; reason: string | null };
export type OverrideOrigin = 'MANIFEST' | 'OPERATOR';
export type StoredOverride = PlanLimit & { kind: QuotaKind; origin: OverrideOrigin };

/** Rows of plans, overrides and boosts, in and out. */
export const quotasStore = {
  async plan(tx: Transaction, name: string): Promise<Plan | undefined> {
    const [row] = await rowsOf<{ name: string; description: string | null; weight: number }>(
      tx,
      'select name, description, weight from plan where name = $1',
      [name],
    );
    if (!row) return undefined;
    const limits = await rowsOf<LimitRow>(
      tx,
      'select kind, limit_value, burst, hard from plan_limit where plan = $1',
      [name],
    );
    const byKind = Object.fromEntries(limits.map((limit) => [limit.kind, toLimit(limit)]));
    return { ...row, limits: byKind as Record<QuotaKind, PlanLimit> };
  },

  async savePlan(tx: Transaction, { name, description, weight, limits }: Plan): Promise<void> {
    await tx.query(
      `insert into plan (name, description, weight) values ($1, $2, $3)
       on conflict (name) do update set description = excluded.description, weight = excluded.weight, updated_at = now()`,
      [name, description, weight],
    );
    for (const [kind, { limit, burst, hard }] of Object.entries(limits)) {
      await tx.query(
        `insert into plan_limit (plan, kind, limit_value, burst, hard) values ($1, $2, $3, $4, $5)
         on conflict (plan, kind) do update set limit_value = excluded.limit_value, burst = excluded.burst,
           hard = excluded.hard`,
        [name, kind, limit, burst, hard],
      );
    }
  },

  async overrides(tx: Transaction, tenantId: string): Promise<StoredOverride[]> {
    const rows = await rowsOf<OverrideRow>(
      tx,
      'select kind, limit_value, burst, hard, origin, reason from quota_override where tenant_id = $1 order by kind',
      [tenantId],
    );
    return rows.map((row) => ({ ...toLimit(row), kind: row.kind, origin: row.origin }));
  },

  async saveOverride(
    tx: Transaction,
    tenantId: string,
    override: StoredOverride & { reason: string | null; by: string },
  ): Promise<void> {
    const { kind, limit, burst, hard, origin, reason, by } = override;
    await tx.query(
      `insert into quota_override (tenant_id, kind, limit_value, burst, hard, origin, reason, set_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict (tenant_id, kind) do update set limit_value = excluded.limit_value, burst = excluded.burst,
         hard = excluded.hard, origin = excluded.origin, reason = excluded.reason, set_by = excluded.set_by, set_at = now()`,
      [tenantId, kind, limit, burst, hard, origin, reason, by],
    );
  },

  /** @returns what was deleted. */
  async deleteOverride(tx: Transaction, tenantId: string, kind: QuotaKind): Promise<PlanLimit | undefined> {
    const [row] = await rowsOf<LimitRow>(
      tx,
      'delete from quota_override where tenant_id = $1 and kind = $2 returning kind, limit_value, burst, hard',
      [tenantId, kind],
    );
    return row && toLimit(row);
  },

  /** @returns the boost with its end on the database clock. */
  async saveBoost(
    tx: Transaction,
    tenantId: string,
    kind: QuotaKind,
    boost: Limit & { minutes: number; reason: string | null; by: string },
  ): Promise<QuotaBoost> {
    const [row] = await rowsOf<{ valid_until: Date }>(
      tx,
      `insert into quota_boost (tenant_id, kind, limit_value, burst, reason, set_by, valid_until)
       values ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 minute')
       on conflict (tenant_id, kind) do update set limit_value = excluded.limit_value, burst = excluded.burst,
         reason = excluded.reason, set_by = excluded.set_by, set_at = now(), valid_until = excluded.valid_until
       returning valid_until`,
      [tenantId, kind, boost.limit, boost.burst, boost.reason, boost.by, boost.minutes],
    );
    if (!row) throw new Error('an upsert returns its row');
    const { limit, burst, reason, by } = boost;
    return { limit, burst, reason, by, until: row.valid_until };
  },

  async deleteBoost(tx: Transaction, tenantId: string, kind: QuotaKind): Promise<Limit | undefined> {
    const [row] = await rowsOf<LimitRow>(
      tx,
      'delete from quota_boost where tenant_id = $1 and kind = $2 and valid_until > now() returning kind, limit_value, burst',
      [tenantId, kind],
    );
    return row && { limit: row.limit_value, burst: row.burst };
  },

  /** Takes out boosts that have ended. */
  async deleteEndedBoosts(
    tx: Transaction,
  ): Promise<{ tenantId: string; slug: string; kind: QuotaKind; limit: number }[]> {
    const rows = await rowsOf<{ tenant_id: string; slug: string; kind: QuotaKind; limit_value: number }>(
      tx,
      `with ended as (
         select tenant_id, kind from quota_boost where valid_until <= now()
         order by valid_until limit 100 for update skip locked)
       delete from quota_boost b using ended e, tenant t
       where b.tenant_id = e.tenant_id and b.kind = e.kind and t.id = b.tenant_id
       returning b.tenant_id, t.slug, b.kind, b.limit_value`,
    );
    return rows.map((row) => ({
      tenantId: row.tenant_id,
      slug: row.slug,
      kind: row.kind,
      limit: row.limit_value,
    }));
  },
};

function toLimit(row: LimitRow): PlanLimit {
  return { limit: row.limit_value, burst: row.burst, hard: row.hard };
}
