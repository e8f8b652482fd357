import { Injectable } from '@nestjs/common';
import { rowsOf, type Transaction } from '#platform';
import type { KpiReport, RuntimeReport } from '#runtime/wire';
import type { KpiFigures } from './kpi.js';

/** Figures older than this are pruned: no soak is longer. */
const keptDays = 8;

/** The business figures that data-plane instances report, in buckets of one second of the database clock. */
@Injectable()
export class KpiStore {
  /**
   * Adds the figures of one report. Call it in the transaction that accepts the report's sequence number, so that a
   * replayed report adds nothing. Figures of unknown tenants are dropped.
   */
  async ingest(tx: Transaction, report: Pick<RuntimeReport, 'kpis'>): Promise<void> {
    if (report.kpis.length === 0) return;
    // Sorted, so that two reports never lock buckets in opposite orders; grouped, since one statement may not hit a
    // bucket twice.
    await tx.query(
      `insert into release_kpi as k (tenant_id, bucket, branch, pricing_engine, orders_accepted, orders_rejected,
         orders_failed, lines, lines_below_cost, lines_filled, revenue_micros, cost_micros, edi_accepted, edi_rejected)
       select t.id, date_trunc('second', clock_timestamp()), coalesce(r.branch, ''), coalesce(r."pricingEngine", ''),
         sum(r."ordersAccepted"), sum(r."ordersRejected"), sum(r."ordersFailed"), sum(r.lines), sum(r."linesBelowCost"),
         sum(r."linesFilled"), sum(r."revenueMicros"), sum(r."costMicros"), sum(r."ediAccepted"), sum(r."ediRejected")
       from jsonb_to_recordset($1) as r("tenantId" uuid, branch text, "pricingEngine" text, "ordersAccepted" bigint,
           "ordersRejected" bigint, "ordersFailed" bigint, lines bigint, "linesBelowCost" bigint, "linesFilled" bigint,
           "revenueMicros" numeric, "costMicros" numeric, "ediAccepted" bigint, "ediRejected" bigint)
         join tenant t on t.id = r."tenantId"
       group by 1, 2, 3, 4 order by 1, 2, 3, 4
       on conflict (tenant_id, bucket, branch, pricing_engine) do update set
         orders_accepted = k.orders_accepted + excluded.orders_accepted,
         orders_rejected = k.orders_rejected + excluded.orders_rejected,
         orders_failed = k.orders_failed + excluded.orders_failed,
         lines = k.lines + excluded.lines,
         lines_below_cost = k.lines_below_cost + excluded.lines_below_cost,
         lines_filled = k.lines_filled + excluded.lines_filled,
         revenue_micros = k.revenue_micros + excluded.revenue_micros,
         cost_micros = k.cost_micros + excluded.cost_micros,
         edi_accepted = k.edi_accepted + excluded.edi_accepted,
         edi_rejected = k.edi_rejected + excluded.edi_rejected`,
      [JSON.stringify(report.kpis satisfies KpiReport[])],
    );
  }

  /** Figures of the exposed tenants of a wave, each from its own `figures_from` on. */
  async sinceExposure(
    tx: Transaction,
    releaseId: string,
    wave: number,
    pricingEngine: string | null,
  ): Promise<KpiFigures> {
    const sums = columns.map(([name, sql]) => `coalesce(sum(${sql}), 0)::float8 as "${name}"`).join(', ');
    const [row] = await rowsOf<KpiFigures>(
      tx,
      `select ${sums} from release_tenant t
         join release_kpi k on k.tenant_id = t.tenant_id and k.bucket >= t.figures_from
       where t.release_id = $1 and t.wave = $2 and t.status = 'EXPOSED'
         and ($3::text is null or k.pricing_engine = $3 or k.lines = 0)`,
      [releaseId, wave, pricingEngine],
    );
    if (!row) throw new Error('an aggregate gives one row');
    return row;
  }

  /** Forgets figures that no gate looks at any more. */
  async prune(tx: Transaction): Promise<void> {
    await tx.query(`delete from release_kpi where bucket < clock_timestamp() - $1 * interval '1 day'`, [
      keptDays,
    ]);
  }
}

const columns: [keyof KpiFigures, string][] = [
  ['ordersAccepted', 'k.orders_accepted'],
  ['ordersRejected', 'k.orders_rejected'],
  ['ordersFailed', 'k.orders_failed'],
  ['lines', 'k.lines'],
  ['linesBelowCost', 'k.lines_below_cost'],
  ['linesFilled', 'k.lines_filled'],
  ['ediAccepted', 'k.edi_accepted'],
  ['ediRejected', 'k.edi_rejected'],
];
