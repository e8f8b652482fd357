/** What one tenant used in a span of time. */
export interface TenantUsage {
  /** Slug. */
  tenant: string;
  requests: number;
  throttled: number;
  shed: number;
  databaseMs: number;
  queuedMs: number;
}

export interface NoisyNeighbor {
  tenant: string;
  requests: number;
  throttled: number;
  databaseMs: number;
  /** Share of the database time of all tenants, 0 to 1; of the requests where no database time was used. */
  share: number;
  /** Other tenants that had to wait or were shed. */
  victims: number;
  /** Mean wait of the others' requests, in milliseconds, weighted with the share. */
  score: number;
}

/** A tenant whose requests waited longer than this on average, in milliseconds, suffered. */
const noticeableWaitMs = 10;

/**
 * Ranks tenants by how much the others had to wait beside them: who used nothing, or beside whom nobody waited, has
 * the score 0 and is ordered by share. A tenant that floods waits for itself: its own queue makes nobody else noisy.
 */
export function rankNeighbors(usage: readonly TenantUsage[]): NoisyNeighbor[] {
  const total = sum(usage, 'databaseMs');
  const requests = sum(usage, 'requests');
  const innocent = usage.filter((one) => !floods(one));
  const suffering = new Set(innocent.filter(suffers).map(({ tenant }) => tenant));
  return usage
    .map((one): NoisyNeighbor => {
      const share = total > 0 ? one.databaseMs / total : requests > 0 ? one.requests / requests : 0;
      const others = innocent.filter(({ tenant }) => tenant !== one.tenant);
      const requestsOfOthers = sum(others, 'requests');
      const waitOfOthers = requestsOfOthers > 0 ? sum(others, 'queuedMs') / requestsOfOthers : 0;
      return {
        tenant: one.tenant,
        requests: one.requests,
        throttled: one.throttled,
        databaseMs: one.databaseMs,
        share,
        victims: suffering.size - (suffering.has(one.tenant) ? 1 : 0),
        score: share * waitOfOthers,
      };
    })
    .sort((a, b) => b.score - a.score || b.share - a.share || b.throttled - a.throttled);
}

/** More of its requests were refused than served: it asks for far more than its quota. */
function floods({ requests, throttled }: TenantUsage): boolean {
  return throttled > requests;
}

function suffers({ requests, queuedMs, shed }: TenantUsage): boolean {
  return shed > 0 || (requests > 0 && queuedMs / requests >= noticeableWaitMs);
}

function sum(usage: readonly TenantUsage[], key: 'databaseMs' | 'requests' | 'queuedMs'): number {
  return usage.reduce((total, one) => total + one[key], 0);
}
