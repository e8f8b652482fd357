import { Injectable } from '@nestjs/common';
import { Database, InvalidInputError } from '#platform';

export type ShadowSubject = 'pricing' | 'allocation';

export interface ShadowFilter {
  subject?: ShadowSubject | null | undefined;
  tenant?: string | null | undefined;
  branch?: string | null | undefined;
  since?: Date | null | undefined;
  first?: number | null | undefined;
}

/** How two engines differed at one branch of a tenant. Money is decimal text in `currency`. */
export interface ShadowDifference {
  tenant: string;
  tenantName: string;
  branch: string | null;
  subject: ShadowSubject;
  liveEngine: string;
  shadowEngine: string;
  currency: string;
  compared: number;
  different: number;
  failed: number;
  skipped: number;
  liveAmount: string;
  shadowAmount: string;
  /** `shadowAmount - liveAmount` */
  difference: string;
  /** Sum of the differences of the lines without their signs. */
  absoluteDifference: string;
  since: Date;
  until: Date;
}

export interface ShadowExampleView {
  at: Date;
  account: string;
  item: string;
  quantity: number;
  liveAmount: string;
  shadowAmount: string;
  difference: string;
  live: string;
  shadow: string;
}

const most = 1_000;
const examplesOfEach = 10;
/** Millionths as decimal text, without zeros that say nothing. */
const money = (sql: string): string => `trim_scale((${sql}) / 1000000.0)::text`;

/** Reads of what shadow engines would have done. Nothing here changes anything. */
@Injectable()
export class ShadowReadModel {
  constructor(private readonly database: Database) {}

  /** By tenant and branch, the largest sum of differences first. Without `since`: the last day. */
  async differences(filter: ShadowFilter): Promise<ShadowDifference[]> {
    const first = filter.first ?? 100;
    if (first < 1 || first > most)
      throw new InvalidInputError(`first must be between 1 and ${most}.`, { field: 'first' });
    return this.database.query<ShadowDifference>(
      `select t.slug as tenant, t.name as "tenantName", nullif(d.branch, '') as branch, d.subject,
         d.live_engine as "liveEngine", d.shadow_engine as "shadowEngine", d.currency,
         sum(d.compared)::float8 as compared, sum(d.different)::float8 as different, sum(d.failed)::float8 as failed,
         sum(d.skipped)::float8 as skipped, ${money('sum(d.live_micros)')} as "liveAmount",
         ${money('sum(d.shadow_micros)')} as "shadowAmount",
         ${money('sum(d.shadow_micros) - sum(d.live_micros)')} as difference,
         ${money('sum(d.absolute_micros)')} as "absoluteDifference", min(d.bucket) as since, max(d.bucket) as until
       from shadow_difference d join tenant t on t.id = d.tenant_id
       where ($1::text is null or d.subject = $1) and ($2::text is null or t.slug = $2)
         and ($3::text is null or d.branch = $3)
         and d.bucket >= date_trunc('minute', coalesce($4::timestamptz, clock_timestamp() - interval '1 day'))
       group by t.slug, t.name, d.branch, d.subject, d.live_engine, d.shadow_engine, d.currency
       order by sum(d.absolute_micros) desc, sum(d.different) desc, t.slug, d.branch limit $5`,
      [filter.subject ?? null, filter.tenant ?? null, filter.branch ?? null, filter.since ?? null, first],
    );
  }

  /** The worst examples of a difference. */
  examples(of: ShadowDifference): Promise<ShadowExampleView[]> {
    return this.database.query<ShadowExampleView>(
      `select e.at, e.account, e.item, e.quantity::float8 as quantity, ${money('e.live_micros')} as "liveAmount",
         ${money('e.shadow_micros')} as "shadowAmount", ${money('e.shadow_micros - e.live_micros')} as difference,
         e.live, e.shadow
       from shadow_example e join tenant t on t.id = e.tenant_id
       where t.slug = $1 and e.subject = $2 and e.branch = $3 and e.live_engine = $4 and e.shadow_engine = $5
         and e.currency = $6
       order by abs(e.shadow_micros - e.live_micros) desc, e.id desc limit ${examplesOfEach}`,
      [of.tenant, of.subject, of.branch ?? '', of.liveEngine, of.shadowEngine, of.currency],
    );
  }
}
