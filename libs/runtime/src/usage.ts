import type { Refusal } from './admission.js';
import { latencyBucketBound, latencyBuckets, latencyQuantile, type UsageReport } from './wire.js';

type Count =
  | 'requests'
  | 'throttled'
  | 'throttledByConcurrency'
  | 'shed'
  | 'databaseMs'
  | 'queuedMs'
  | 'jobs'
  | 'refusedByWall';

interface Counters extends Record<Count, number> {
  latencies: number[];
}

const growth = Math.log(latencyBucketBound(1) / latencyBucketBound(0));

function bucketOf(ms: number): number {
  const bucket = Math.ceil(Math.log(ms / latencyBucketBound(0)) / growth);
  return Math.min(latencyBuckets - 1, Math.max(0, bucket));
}

/** What each tenant used of this instance since the last {@link Usage.drain}. */
export class Usage {
  #byTenant = new Map<string, Counters>();

  add(tenantId: string, count: Count, amount = 1): void {
    this.#of(tenantId)[count] += amount;
  }

  refusal(tenantId: string, refusal: Refusal): void {
    this.add(tenantId, refusal === 'shed' ? 'shed' : 'throttled');
    if (refusal === 'concurrency') this.add(tenantId, 'throttledByConcurrency');
  }

  /** A request ended, after waiting `queuedMs` for its slot and `totalMs` in all. */
  request(tenantId: string, queuedMs: number, totalMs: number): void {
    const counters = this.#of(tenantId);
    counters.requests++;
    counters.queuedMs += queuedMs;
    const bucket = bucketOf(totalMs);
    while (counters.latencies.length <= bucket) counters.latencies.push(0);
    counters.latencies[bucket] = (counters.latencies[bucket] ?? 0) + 1;
  }

  get isEmpty(): boolean {
    return this.#byTenant.size === 0;
  }

  drain(): UsageReport[] {
    const drained = this.#byTenant;
    this.#byTenant = new Map();
    return [...drained].map(([tenantId, { latencies, ...counts }]) => ({
      tenantId,
      ...counts,
      p99Ms: latencyQuantile(latencies, 0.99),
      latencies,
    }));
  }

  #of(tenantId: string): Counters {
    let counters = this.#byTenant.get(tenantId);
    if (!counters) {
      counters = {
        requests: 0,
        throttled: 0,
        throttledByConcurrency: 0,
        shed: 0,
        databaseMs: 0,
        queuedMs: 0,
        jobs: 0,
        refusedByWall: 0,
        latencies: [],
      };
      this.#byTenant.set(tenantId, counters);
    }
    return counters;
  }
}
