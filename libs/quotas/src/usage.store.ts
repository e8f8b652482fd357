import { Injectable } from '@nestjs/common';
import { rowsOf, type Transaction } from '#platform';
import type { UsageReport } from '#runtime/wire';
import type { QuotaKind } from './quota.js';

/** Channel that tells of tenants at their limits; the payload is JSON {@link QuotaPressure}. */
export const QUOTA_PRESSURE_CHANNEL = 'tierdeck_quota_pressure';

/** Use that is told of, as a share of the limit. */
const pressureShare = 0.8;

/** Rollups older than this are pruned. */
const keptDays = 31;

export interface QuotaPressure {
  /** Slug. */
  tenant: string;
  kind: QuotaKind;
  /** Requests a second that were asked for; for CONCURRENCY the limit, which was reached. */
  used: number;
  limit: number;
  /** Requests refused. */
  throttled: number;
  /** ISO time. */
  at: string;
}

/** What the data-plane instances report, rolled up by minute. */
@Injectable()
export class UsageStore {
  /**
   * Adds one report. Call it in the transaction that accepts the report's sequence number, so that a replay adds
   * nothing. Usage of unknown tenants is dropped.
   */
  async ingest(tx: Transaction, usage: readonly UsageReport[]): Promise<void> {
    if (usage.length === 0) return;
    // Sorted, so that two reports never lock rows in opposite orders.
    await tx.query(
      `insert into usage_minute as u (tenant_id, minute, requests, throttled, shed, database_ms, queued_ms, jobs, latencies)
       select t.id, date_trunc('minute', clock_timestamp()), sum(r.requests), sum(r.throttled), sum(r.shed),
         sum(r."databaseMs"), sum(r."queuedMs"), sum(r.jobs), sum_histograms(coalesce(r.latencies, '{}'))
       from jsonb_to_recordset($1) as r("tenantId" uuid, requests bigint, throttled bigint, shed bigint,
           "databaseMs" float8, "queuedMs" float8, jobs bigint, latencies bigint[])
         join tenant t on t.id = r."tenantId"
       group by t.id order by t.id
       on conflict (tenant_id, minute) do update set
         requests = u.requests + excluded.requests,
         throttled = u.throttled + excluded.throttled,
         shed = u.shed + excluded.shed,
         database_ms = u.database_ms + excluded.database_ms,
         queued_ms = u.queued_ms + excluded.queued_ms,
         jobs = u.jobs + excluded.jobs,
         latencies = add_histograms(u.latencies, excluded.latencies)`,
      [JSON.stringify(usage)],
    );
    await this.#tellPressure(tx, usage);
  }

  /** Forgets rollups that nobody charts any more. */
  async prune(tx: Transaction): Promise<void> {
    await tx.query(`delete from usage_minute where minute < now() - $1 * interval '1 day'`, [keptDays]);
  }

  async #tellPressure(tx: Transaction, usage: readonly UsageReport[]): Promise<void> {
    const asked = usage.filter(({ requests, throttled }) => requests + throttled > 0);
    if (asked.length === 0) return;
    const limits = await rowsOf<{ id: string; slug: string; kind: QuotaKind; limit_value: number }>(
      tx,
      `select t.id, t.slug, l.kind, coalesce(b.limit_value, o.limit_value, l.limit_value) as limit_value
       from tenant t
         join plan_limit l on l.plan = coalesce((select name from plan where name = t.plan), 'standard')
         left join quota_override o on o.tenant_id = t.id and o.kind = l.kind
         left join quota_boost b on b.tenant_id = t.id and b.kind = l.kind and b.valid_until > now()
       where t.id = any($1) and l.kind in ('REQUEST_RATE', 'CONCURRENCY') order by t.slug, l.kind`,
      [asked.map(({ tenantId }) => tenantId)],
    );
    const at = new Date().toISOString();
    for (const { id, slug, kind, limit_value: limit } of limits) {
      const report = asked.find(({ tenantId }) => tenantId === id);
      const pressure = report && pressureOf(report, kind, limit);
      if (!pressure) continue;
      const notice: QuotaPressure = { tenant: slug, kind, limit, at, ...pressure };
      await tx.query('select pg_notify($1, $2)', [QUOTA_PRESSURE_CHANNEL, JSON.stringify(notice)]);
    }
  }
}

/** A busy instance reports each second, so the counts of a report are about those of a second. */
function pressureOf(
  report: UsageReport,
  kind: QuotaKind,
  limit: number,
): Pick<QuotaPressure, 'used' | 'throttled'> | undefined {
  const byConcurrency = report.throttledByConcurrency ?? 0;
  if (kind === 'CONCURRENCY') {
    return byConcurrency > 0 ? { used: limit, throttled: byConcurrency } : undefined;
  }
  const throttled = report.throttled - byConcurrency;
  const used = report.requests + report.throttled;
  return throttled > 0 || used >= limit * pressureShare ? { used, throttled } : undefined;
}
