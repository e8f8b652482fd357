import { Injectable } from '@nestjs/common';
import { rowsOf, type Transaction } from '#platform';
import type { RuntimeReport } from '#runtime/wire';

/** Differences older than this are pruned, in days. */
const keptDays = 30;
/** Examples kept of each tenant, branch, subject and pair of engines. */
const keptExamples = 20;

/** Differences between engines that data-plane instances report, by minute of the database clock. */
@Injectable()
export class ShadowStore {
  /**
   * Adds those of one report. Call it in the transaction that accepts the report's sequence number, so that a replayed
   * report adds nothing. Those of unknown tenants are dropped.
   */
  async ingest(tx: Transaction, { shadows = [] }: Pick<RuntimeReport, 'shadows'>): Promise<void> {
    if (shadows.length === 0) return;
    const json = JSON.stringify(shadows);
    // Grouped, since one statement may not hit a row twice; sorted, so that two reports never lock crosswise.
    const touched = await rowsOf<{ first: boolean }>(
      tx,
      `insert into shadow_difference as d (tenant_id, bucket, subject, branch, live_engine, shadow_engine, currency,
         compared, different, failed, skipped, live_micros, shadow_micros, absolute_micros)
       select t.id, date_trunc('minute', clock_timestamp()), r.subject, coalesce(r.branch, ''), r."liveEngine",
         r."shadowEngine", r.currency, sum(r.compared), sum(r.different), sum(r.failed), sum(r.skipped),
         sum(r."liveMicros"), sum(r."shadowMicros"), sum(r."absoluteMicros")
       from jsonb_to_recordset($1) as r("tenantId" uuid, subject text, branch text, "liveEngine" text,
           "shadowEngine" text, currency text, compared bigint, different bigint, failed bigint, skipped bigint,
           "liveMicros" numeric, "shadowMicros" numeric, "absoluteMicros" numeric)
         join tenant t on t.id = r."tenantId"
       group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 4, 5, 6, 7
       on conflict (tenant_id, bucket, subject, branch, live_engine, shadow_engine, currency) do update set
         compared = d.compared + excluded.compared, different = d.different + excluded.different,
         failed = d.failed + excluded.failed, skipped = d.skipped + excluded.skipped,
         live_micros = d.live_micros + excluded.live_micros,
         shadow_micros = d.shadow_micros + excluded.shadow_micros,
         absolute_micros = d.absolute_micros + excluded.absolute_micros
       returning d.xmax = 0 as first`,
      [json],
    );
    await this.#addExamples(tx, json);
    // A new minute has begun: now and then what nobody looks at any more is forgotten.
    if (touched.some(({ first }) => first))
      await tx.query(
        `delete from shadow_difference where bucket < clock_timestamp() - $1 * interval '1 day'`,
        [keptDays],
      );
  }

  async #addExamples(tx: Transaction, json: string): Promise<void> {
    const added = await rowsOf(
      tx,
      `insert into shadow_example (tenant_id, subject, branch, live_engine, shadow_engine, currency, account, item,
         quantity, live_micros, shadow_micros, live, shadow)
       select t.id, r.subject, coalesce(r.branch, ''), r."liveEngine", r."shadowEngine", r.currency, e.account, e.item,
         e.quantity, e."liveMicros", e."shadowMicros", e.live, e.shadow
       from jsonb_to_recordset($1) as r("tenantId" uuid, subject text, branch text, "liveEngine" text,
           "shadowEngine" text, currency text, examples jsonb)
         join tenant t on t.id = r."tenantId"
         cross join jsonb_to_recordset(r.examples) as e(account text, item text, quantity bigint, "liveMicros" numeric,
           "shadowMicros" numeric, live text, shadow text)
       returning id`,
      [json],
    );
    if (added.length === 0) return;
    await tx.query(
      `delete from shadow_example where id in (
         select id from (
           select e.id, row_number() over (
             partition by e.tenant_id, e.subject, e.branch, e.live_engine, e.shadow_engine, e.currency
             order by abs(e.shadow_micros - e.live_micros) desc, e.id desc) as place
           from shadow_example e
           where e.tenant_id in (select "tenantId" from jsonb_to_recordset($1) as r("tenantId" uuid))) ranked
         where place > $2)`,
      [json, keptExamples],
    );
  }
}
