/**
 * What travels between the control plane and data-plane instances. Both sides import this file; nothing else of the
 * runtime is shared. Every change stays readable by an older instance: fields are added, never renamed.
 */

/** `GET /runtime/snapshot` (also each event of `/runtime/stream`): everything an instance needs to serve. */
export interface RuntimeSnapshot {
  /** Never goes back; an instance refuses a snapshot older than the one it has. */
  revision: number;
  tenants: TenantSnapshot[];
  /** Database logins by id, so that tenants of one database share a pool. */
  databases: DatabaseSnapshot[];
}

export interface TenantSnapshot {
  id: string;
  slug: string;
  name: string;
  /** A tenant that may not be served yet, or not any more, is SUSPENDED: its workers may run already. */
  status: 'ACTIVE' | 'MOVING' | 'SUSPENDED';
  /** Of a SUSPENDED tenant: reads are served, writes are not. An older instance refuses both. */
  readOnly?: boolean;
  tier: 'SHARED' | 'HYBRID' | 'DEDICATED';
  region: string | null;
  databaseId: string;
  /** While the tenant moves: the database it goes to; after that, for a while, the one it could go back to. */
  standbyDatabaseId?: string | null;
  integrationWorkers: 'SHARED' | 'DEDICATED';
  /** SHA-256 (hex) of the tenant's bearer tokens. */
  tokenHashes: string[];
  quotas: QuotaSnapshot[];
  /** Share of scarce capacity relative to other tenants; 1 is normal. */
  weight: number;
}

export interface DatabaseSnapshot {
  id: string;
  kind: 'POOLED' | 'DEDICATED';
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
}

export type QuotaKind = 'REQUEST_RATE' | 'CONCURRENCY' | 'JOBS_IN_FLIGHT' | 'JOBS_QUEUED';

/** One effective limit: the active boost, else the tenant's override, else the plan's default. */
export interface QuotaSnapshot {
  kind: QuotaKind;
  /** Requests per second for REQUEST_RATE, a count for the others. */
  limit: number;
  /** Requests above the rate that may come at once; only REQUEST_RATE. */
  burst: number | null;
  /** A hard limit refuses, a soft one only tells. */
  hard: boolean;
  source: 'PLAN' | 'OVERRIDE' | 'BOOST';
  /** ISO time at which a boost ends, with the limit that holds after it. */
  boostUntil: string | null;
  limitAfterBoost: number | null;
  burstAfterBoost: number | null;
}

/** `POST /runtime/report`: heartbeat, usage and KPIs of one instance. Replays and late copies change nothing. */
export interface RuntimeReport {
  instanceId: string;
  service: string;
  /** Set if the process serves one tenant alone. */
  tenantId: string | null;
  startedAt: string;
  /** The last report of an instance that ends: nobody needs to wait for it any more. */
  ended?: boolean;
  /** Grows by one with each report of the instance; the control plane applies each number once. */
  sequence: number;
  appliedRevision: number;
  usage: UsageReport[];
  kpis: KpiReport[];
  /** Absent from older instances. */
  shadows?: ShadowReport[];
}

/** Answer to a {@link RuntimeReport}. */
export interface ReportAnswer {
  /** false: that sequence number came before. */
  applied: boolean;
  /**
   * Of a report that was applied: the last revision that told of a move, as read after the report was stored. Whoever
   * has applied it knows of every move up to then. Absent from an older control plane.
   */
  toldRevision?: number;
}

/**
 * How long an instance may count on what it was told of moves, in milliseconds, from the moment on at which it sent the
 * report. A mover waits longer than this for instances that it cannot reach.
 */
export const readLeaseMs = 3_000;

/** What one tenant used of one instance since the report before. */
export interface UsageReport {
  tenantId: string;
  requests: number;
  /** Refused with 429. */
  throttled: number;
  /** Those of `throttled` that were refused for concurrency, not for rate. */
  throttledByConcurrency?: number;
  /** Shed with 503. */
  shed: number;
  databaseMs: number;
  /** Time requests waited for a slot. */
  queuedMs: number;
  jobs: number;
  p99Ms: number;
  /** Latencies of the requests, counted in the buckets of {@link latencyBucketBound}; trailing zeros are left out. */
  latencies?: number[];
  /** Statements that the database refused by row-level security or for want of a right; absent from older instances. */
  refusedByWall?: number;
}

/** Number of latency buckets; the last one takes everything above the bound of the one before it, about 88 s. */
export const latencyBuckets = 77;

/** Upper bound of a bucket in milliseconds. Bounds grow by a fifth, so a percentile is exact to within that. */
export function latencyBucketBound(bucket: number): number {
  return 0.1 * 1.2 ** bucket;
}

/** @returns the upper bound of the bucket that holds the quantile (0 to 1), in milliseconds; 0 without any count. */
export function latencyQuantile(counts: readonly number[], quantile: number): number {
  let left = Math.ceil(counts.reduce((sum, count) => sum + count, 0) * quantile);
  if (left === 0) return 0;
  let bucket = 0;
  while ((left -= counts[bucket] ?? 0) > 0) bucket++;
  return latencyBucketBound(bucket);
}

/** Business figures of one tenant and branch since the report before. Money in micro units as decimal text. */
export interface KpiReport {
  tenantId: string;
  branch: string | null;
  /** Pricing engine that decided, so that a gate can tell old from new. */
  pricingEngine: string;
  ordersAccepted: number;
  /** Refused for a business reason, e.g. no stock. */
  ordersRejected: number;
  /** Failed by an error of the system. */
  ordersFailed: number;
  lines: number;
  linesBelowCost: number;
  /** Lines allocated complete on first pass. */
  linesFilled: number;
  revenueMicros: string;
  costMicros: string;
  ediAccepted: number;
  ediRejected: number;
}

/**
 * Lines that another engine did in the shadow of the one that answered, since the report before. Money in micro units
 * as decimal text.
 */
export interface ShadowReport {
  tenantId: string;
  subject: 'pricing' | 'allocation';
  branch: string | null;
  liveEngine: string;
  shadowEngine: string;
  currency: string;
  compared: number;
  different: number;
  /** The shadow gave no result. */
  failed: number;
  /** There was no time for the shadow. */
  skipped: number;
  liveMicros: string;
  shadowMicros: string;
  /** Sum of the differences without their signs. */
  absoluteMicros: string;
  /** The worst differences, at most five. */
  examples: ShadowExample[];
}

export interface ShadowExample {
  account: string;
  item: string;
  /** In base units. */
  quantity: number;
  liveMicros: string;
  shadowMicros: string;
  /** What each engine did, in words. */
  live: string;
  shadow: string;
}

/** Of a process that a supervisor keeps up. BACKING_OFF: it ended by itself and is started again at `nextStartAt`. */
export type ProcessState = 'STARTING' | 'RUNNING' | 'BACKING_OFF' | 'STOPPING' | 'STOPPED';

export interface SupervisedProcess {
  name: string;
  /** Slug, if it serves one tenant alone. */
  tenant: string | null;
  state: ProcessState;
  pid: number | null;
  /** Ends in a row, none of which came after a healthy while. */
  failures: number;
  /** e.g. `exit code 1`, `signal SIGKILL`. */
  lastExit: string | null;
  /** ISO times. */
  lastExitAt: string | null;
  nextStartAt: string | null;
}

/** `POST /runtime/processes`: all that one machine's supervisor keeps up; takes the place of its report before. */
export interface ProcessesReport {
  supervisor: string;
  processes: SupervisedProcess[];
}
