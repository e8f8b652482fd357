import type { RuntimeTenant, TenantQueryable, TenantScope } from '#runtime';
import { retryDelayMs, type Backoff } from './backoff.js';
import type { Job, NewJob } from './job.js';
import { JobLostError, JobQueueFullError, PermanentJobError } from './jobs.errors.js';

export interface ClaimOptions {
  /** Names the worker, for people. */
  holder: string;
  /** After this time without an outcome the job is taken to be abandoned, in milliseconds. */
  leaseMs: number;
  /** Jobs of the tenant in flight over all workers; with 1 they run in order. */
  cap: number;
  /** Which workers ask; others than those that the tenant's database names get nothing. Default `SHARED`. */
  pool?: WorkerPlacement;
}

/** Workers of all tenants, or of the tenant alone. */
export type WorkerPlacement = RuntimeTenant['integrationWorkers'];

/** A claim that found nothing says when it is worth looking again. */
export type Claim = { job: Job } | { job: null; nextInMs: number | null };

interface JobRow {
  id: string;
  kind: string;
  payload: Record<string, unknown>;
  attempts: number;
  max_attempts: number;
  fence: string;
}

/**
 * Puts a job into the tenant's queue, in the caller's transaction: it exists if and only if what asked for it does.
 * @param maxQueued quota on waiting jobs; undefined: none.
 * @returns the job's id, and whether it is a new one (false: the dedup key was there already).
 * @throws JobQueueFullError
 */
export async function enqueueJob(
  tx: TenantQueryable,
  { kind, payload, dedupKey, maxAttempts = 8 }: NewJob,
  maxQueued?: number,
): Promise<{ id: string; created: boolean }> {
  if (maxQueued !== undefined) {
    const { rows } = await tx.query<{ full: boolean }>(
      `select count(*) >= $1 as full from (select from integration_job where status = 'QUEUED' limit $1) waiting`,
      [maxQueued],
    );
    if (rows[0]?.full) throw new JobQueueFullError(maxQueued);
  }
  const inserted = await tx.query<{ id: string }>(
    `insert into integration_job (kind, payload, dedup_key, max_attempts) values ($1, $2, $3, $4)
     on conflict (tenant_id, dedup_key) do nothing returning id`,
    [kind, JSON.stringify(payload), dedupKey ?? null, maxAttempts],
  );
  if (inserted.rows[0]) return { id: inserted.rows[0].id, created: true };
  const { rows } = await tx.query<{ id: string }>('select id from integration_job where dedup_key = $1', [
    dedupKey ?? null,
  ]);
  return { id: rows[0]?.id ?? '', created: false };
}

/**
 * Takes the tenant's oldest job that is due; with a cap of one the oldest of all, so that one that waits for another try
 * keeps the others waiting. Committed before the work starts, so that an attempt counts even if it takes the whole process
 * down with it.
 */
export async function claimJob(scope: TenantScope, options: ClaimOptions): Promise<Claim> {
  const row = options.cap === 1 ? await claimInOrder(scope, options) : await claimDue(scope, options);
  if (!row) return { job: null, nextInMs: await nextDueInMs(scope, options.cap === 1) };
  return {
    job: {
      id: row.id,
      kind: row.kind,
      payload: row.payload,
      attempts: row.attempts,
      maxAttempts: row.max_attempts,
      fence: row.fence,
    },
  };
}

async function claimInOrder(scope: TenantScope, options: ClaimOptions): Promise<JobRow | undefined> {
  const { holder, leaseMs, pool = 'SHARED' } = options;
  try {
    const { rows } = await scope.query<JobRow & Record<string, unknown>>(
      'select id, kind, payload, attempts, max_attempts, fence from tierdeck_claim_in_order($1, $2, $3)',
      [pool, holder, leaseMs],
    );
    return rows[0];
  } catch (error) {
    // A database that migrations/tenant/0008 has not reached yet.
    if ((error as { code?: unknown }).code !== '42883') throw error;
    return claimDue(scope, options);
  }
}

async function claimDue(
  scope: TenantScope,
  { holder, leaseMs, cap, pool = 'SHARED' }: ClaimOptions,
): Promise<JobRow | undefined> {
  // Materialized: as a subquery it may be planned into a loop and would then claim a row for each turn of it.
  const { rows } = await scope.query<JobRow & Record<string, unknown>>(
    `with may as materialized (select tierdeck_may_claim($4, $3) as claim),
     due as materialized (
       select id from integration_job
       where status = 'QUEUED' and run_at <= now() and (select claim from may)
       order by run_at, created_at limit 1 for update skip locked
     )
     update integration_job j
     set status = 'RUNNING', attempts = j.attempts + 1, fence = j.fence + 1,
         lease_holder = $1, lease_until = now() + $2 * interval '1 millisecond'
     from due
     where j.id = due.id
     returning j.id, j.kind, j.payload, j.attempts, j.max_attempts, j.fence`,
    [holder, leaseMs, cap, pool],
  );
  return rows[0];
}

/** Whether workers of another pool may claim the tenant's jobs, and those of this one may not. */
export async function isHandedOver(scope: TenantScope, pool: WorkerPlacement = 'SHARED'): Promise<boolean> {
  // With a cap that nobody reaches only the assignment is in the way.
  const { rows } = await scope.query<{ may: boolean }>('select tierdeck_may_claim($1, 2147483647) as may', [
    pool,
  ]);
  return rows[0]?.may === false;
}

/**
 * Puts the jobs of vanished holders back into the queue. One that took its worker down each time must not do so for
 * ever: with its attempts used up it goes to the dead letters.
 * @returns how many jobs were abandoned.
 */
export async function reclaimAbandoned(scope: TenantQueryable): Promise<number> {
  const { rowCount } = await scope.query(
    `with abandoned as materialized (
       select id from integration_job where status = 'RUNNING' and lease_until < now() for update skip locked
     )
     update integration_job j
     set status = case when j.attempts >= j.max_attempts then 'DEAD' else 'QUEUED' end,
         finished_at = case when j.attempts >= j.max_attempts then now() end,
         lease_holder = null, lease_until = null, fence = j.fence + 1,
         last_error = coalesce(j.last_error || '; ', '') || 'its worker ended without an outcome'
     from abandoned where j.id = abandoned.id`,
  );
  return rowCount ?? 0;
}

/** @param inOrder whether the oldest job keeps all others waiting. */
async function nextDueInMs(scope: TenantScope, inOrder: boolean): Promise<number | null> {
  const { rows } = await scope.query<{ ms: number | null }>(
    `select ceil(extract(epoch from least(
              (select run_at from integration_job where status = 'QUEUED' order by ${inOrder ? 'created_at, id' : 'run_at'} limit 1),
              (select min(lease_until) from integration_job where status = 'RUNNING')) - now()) * 1000)::float8 as ms`,
  );
  return rows[0]?.ms ?? null;
}

/**
 * Makes sure that the caller still holds the job, and keeps it locked to the end of the transaction: until then no
 * other worker can claim it, however late the lease.
 * @throws JobLostError
 */
export async function holdJob(tx: TenantQueryable, { id, fence }: Job): Promise<void> {
  const { rowCount } = await tx.query(
    `select from integration_job where id = $1 and fence = $2 and status = 'RUNNING' for update`,
    [id, fence],
  );
  if (rowCount === 0) throw new JobLostError(id);
}

/** Records success, in the transaction of the job's effect. @throws JobLostError */
export async function completeJob(tx: TenantQueryable, { id, fence }: Job, result: unknown): Promise<void> {
  const { rowCount } = await tx.query(
    `update integration_job
     set status = 'DONE', result = $3, finished_at = now(), lease_holder = null, lease_until = null,
         last_error = null
     where id = $1 and fence = $2 and status = 'RUNNING'`,
    [id, fence, JSON.stringify(result ?? null)],
  );
  if (rowCount === 0) throw new JobLostError(id);
}

/** Records a failure: back into the queue after a pause, or to the dead letters when the attempts are used up. */
export async function failJob(
  scope: TenantQueryable,
  job: Job,
  error: unknown,
  backoff?: Backoff,
): Promise<'RETRY' | 'DEAD' | 'LOST'> {
  const dead = error instanceof PermanentJobError || job.attempts >= job.maxAttempts;
  const { rowCount } = await scope.query(
    `update integration_job
     set status = $3, last_error = $4, lease_holder = null, lease_until = null,
         run_at = now() + $5 * interval '1 millisecond',
         finished_at = case when $3 = 'DEAD' then now() end
     where id = $1 and fence = $2 and status = 'RUNNING'`,
    [
      job.id,
      job.fence,
      dead ? 'DEAD' : 'QUEUED',
      describeError(error),
      dead ? 0 : retryDelayMs(job.attempts, Math.random(), backoff),
    ],
  );
  if (rowCount === 0) return 'LOST';
  return dead ? 'DEAD' : 'RETRY';
}

/** Gives a job back that was claimed and not started, as if it had not been claimed. */
export async function returnJob(scope: TenantQueryable, { id, fence }: Job): Promise<void> {
  await scope.query(
    `update integration_job
     set status = 'QUEUED', attempts = attempts - 1, lease_holder = null, lease_until = null
     where id = $1 and fence = $2 and status = 'RUNNING'`,
    [id, fence],
  );
}

/** Message and code for the operator; the stack stays in the worker's log. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, 1_000);
  const code = (error as { code?: unknown }).code;
  return `${typeof code === 'string' ? `${code}: ` : ''}${error.message}`.slice(0, 1_000);
}
