import { Injectable } from '@nestjs/common';
import { Database, InvalidInputError } from '#platform';
import { latencyQuantile } from '#runtime/wire';
import { rankNeighbors, type NoisyNeighbor, type TenantUsage } from './noisy-neighbors.js';

export interface UsagePoint {
  at: Date;
  requests: number;
  throttled: number;
  shed: number;
  databaseMs: number;
  queuedMs: number;
  /** Exact to within a fifth; null without requests. */
  p99Ms: number | null;
  jobs: number;
}

export interface UsageSpan {
  tenantId: string;
  from: Date;
  to: Date;
  /** Seconds of one point: a multiple of 60. */
  step: number;
}

const maxPoints = 2_000;

interface UsageRow {
  at: Date;
  requests: string;
  throttled: string;
  shed: string;
  database_ms: number;
  queued_ms: number;
  jobs: string;
  latencies: string[];
}

/** What tenants used, from the rollups by minute. */
@Injectable()
export class UsageReadModel {
  constructor(private readonly database: Database) {}

  /** Points from `from` on, also where nothing was used. @throws InvalidInputError */
  async ofTenant({ tenantId, from, to, step }: UsageSpan): Promise<UsagePoint[]> {
    if (step < 60 || step % 60 !== 0) {
      throw new InvalidInputError('step must be a multiple of 60 seconds.', { field: 'step' });
    }
    const points = (to.getTime() - from.getTime()) / (step * 1_000);
    if (!(points > 0 && points <= maxPoints)) {
      throw new InvalidInputError(`from, to and step must make 1 to ${maxPoints} points.`, { field: 'from' });
    }
    const rows = await this.database.query<UsageRow>(
      `select g.at, coalesce(sum(u.requests), 0) as requests, coalesce(sum(u.throttled), 0) as throttled,
         coalesce(sum(u.shed), 0) as shed, coalesce(sum(u.database_ms), 0) as database_ms,
         coalesce(sum(u.queued_ms), 0) as queued_ms, coalesce(sum(u.jobs), 0) as jobs,
         sum_histograms(coalesce(u.latencies, '{}')) as latencies
       from generate_series(date_trunc('minute', $2::timestamptz), $3::timestamptz - interval '1 microsecond',
           $4 * interval '1 second') as g (at)
         left join usage_minute u on u.tenant_id = $1 and u.minute >= g.at and u.minute < g.at + $4 * interval '1 second'
       group by g.at order by g.at`,
      [tenantId, from, to, step],
    );
    return rows.map((row) => {
      const latencies = row.latencies.map(Number);
      return {
        at: row.at,
        requests: Number(row.requests),
        throttled: Number(row.throttled),
        shed: Number(row.shed),
        databaseMs: row.database_ms,
        queuedMs: row.queued_ms,
        jobs: Number(row.jobs),
        p99Ms: latencies.length > 0 ? latencyQuantile(latencies, 0.99) : null,
      };
    });
  }

  /** @param minutes how far to look back, 1 to 1440. */
  async noisyNeighbors(minutes: number, first: number): Promise<NoisyNeighbor[]> {
    if (!(minutes >= 1 && minutes <= 1_440)) {
      throw new InvalidInputError('minutes must be between 1 and 1440.', { field: 'minutes' });
    }
    if (!(first >= 1 && first <= 500)) {
      throw new InvalidInputError('first must be between 1 and 500.', { field: 'first' });
    }
    const rows = await this.database.query<TenantUsage>(
      `select t.slug as tenant, sum(u.requests)::float8 as requests, sum(u.throttled)::float8 as throttled,
         sum(u.shed)::float8 as shed, sum(u.database_ms) as "databaseMs", sum(u.queued_ms) as "queuedMs"
       from usage_minute u join tenant t on t.id = u.tenant_id
       where u.minute > now() - $1 * interval '1 minute' group by t.slug`,
      [minutes],
    );
    return rankNeighbors(rows).slice(0, first);
  }
}
