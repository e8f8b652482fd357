import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '#platform';
import type { RuntimeTenant, TenantScope, TierdeckRuntime } from '#runtime';
import type { Backoff } from './backoff.js';
import { FairScheduler } from './fair-scheduler.js';
import type { JobHandler } from './job-handler.js';
import { JobNotices } from './job-notices.js';
import {
  claimJob,
  isHandedOver,
  reclaimAbandoned,
  returnJob,
  type Claim,
  type WorkerPlacement,
} from './job-queue.js';
import { runJob } from './run-job.js';

/** What a worker needs of the runtime; {@link TierdeckRuntime} is one. */
export type WorkerRuntime = Pick<
  TierdeckRuntime,
  'instanceId' | 'tenants' | 'databases' | 'database' | 'quota' | 'onSnapshot' | 'recordJob'
>;

export interface JobWorkerOptions {
  runtime: WorkerRuntime;
  handlers: readonly JobHandler[];
  logger: Logger;
  /**
   * Whose jobs this worker does: all shared tenants, or one alone. Who goes to other workers is served on until their
   * database says that the jobs are theirs.
   */
  serves: (tenant: RuntimeTenant) => boolean;
  /** What this worker is to those tenants; default `SHARED`. */
  pool?: WorkerPlacement;
  /** Jobs in flight at once; default 8. */
  capacity?: number;
  /** Slots that no single tenant may take, so that a flood never has them all; default a quarter for a pooled worker. */
  reserved?: number;
  /**
   * Default 10,000. It may be short: a job that is being done is locked by its own transaction, so only one that nobody
   * does is taken back.
   */
  leaseMs?: number;
  /** How often every queue is looked at even if nothing was told; default 15,000. */
  sweepMs?: number;
  backoff?: Backoff;
}

/** Jobs in flight of a tenant without a quota. */
const defaultCap = 4;
/** Pause before another look at a queue whose due jobs could not be claimed, e.g. because of the cap. */
const lookAgainMs = 250;
const afterErrorMs = 1_000;
/** How often a queue that is being served is searched for jobs of vanished workers. */
const reclaimEveryMs = 5_000;

/**
 * Does the integration jobs of the tenants it serves, a fair share of its slots for each. It looks where a notice
 * says, when a retry is due, and now and then everywhere.
 */
export class JobWorker {
  readonly #scheduler: FairScheduler;
  readonly #handlers: ReadonlyMap<string, JobHandler>;
  readonly #notices: JobNotices;
  readonly #work = new Set<Promise<void>>();
  readonly #served = new Map<string, RuntimeTenant>();
  /** Of them those whose jobs go to other workers. */
  readonly #leaving = new Set<string>();
  /** Told of while its queue was being looked at: the look may have been too early. */
  readonly #told = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** When each queue was last searched for abandoned jobs, on the monotonic clock. */
  readonly #reclaimed = new Map<string, number>();
  #sweeper: NodeJS.Timeout | undefined;
  #unfollow: () => void = () => undefined;
  #stopping = false;

  constructor(private readonly options: JobWorkerOptions) {
    this.#scheduler = new FairScheduler(options.capacity ?? 8);
    this.#handlers = new Map(options.handlers.map((handler) => [handler.kind, handler]));
    this.#notices = new JobNotices(
      (databaseId, tenantId) => this.#noticed(databaseId, tenantId),
      options.logger,
    );
  }

  start(): void {
    this.#follow();
    this.#unfollow = this.options.runtime.onSnapshot(() => this.#follow());
    this.#sweeper = setInterval(() => this.#wakeAll(), this.options.sweepMs ?? 15_000);
    this.#wakeAll();
  }

  /** Jobs being done now. */
  get inFlight(): number {
    return this.#scheduler.inFlight;
  }

  /**
   * Claims nothing more and lets what is in flight end.
   * @returns false if some was still under way after `timeoutMs`; its leases run out and others do it.
   */
  async stop(timeoutMs = 15_000): Promise<boolean> {
    this.#stopping = true;
    this.#unfollow();
    clearInterval(this.#sweeper);
    for (const timer of this.#timers.values()) clearTimeout(timer);
    const late = new AbortController();
    const drained = Promise.all(this.#work).then(() => true);
    const timeout = sleep(timeoutMs, false, { signal: late.signal }).catch(() => false);
    const done = await Promise.race([drained, timeout]);
    late.abort();
    await this.#notices.close();
    return done;
  }

  #follow(): void {
    const { runtime, capacity = 8 } = this.options;
    const tenants = runtime
      .tenants()
      .filter((tenant) => tenant.status !== 'SUSPENDED' && this.#serves(tenant));
    const reserved = this.options.reserved ?? Math.floor(capacity / 4);
    this.#served.clear();
    for (const tenant of tenants) this.#served.set(tenant.id, tenant);
    this.#scheduler.setTenants(
      tenants.map((tenant) => ({
        id: tenant.id,
        weight: tenant.weight,
        cap: Math.min(this.#quota(tenant), Math.max(1, capacity - reserved)),
      })),
    );
    const used = new Set(tenants.map(({ databaseId }) => databaseId));
    this.#notices.follow(runtime.databases().filter(({ id }) => used.has(id)));
    this.#wakeAll();
  }

  /** Whoever served a tenant goes on until its jobs have been handed over: the others may not have started yet. */
  #serves(tenant: RuntimeTenant): boolean {
    const { id } = tenant;
    if (this.options.serves(tenant)) {
      this.#leaving.delete(id);
      return true;
    }
    if (this.#served.has(id)) this.#leaving.add(id);
    return this.#leaving.has(id);
  }

  #quota(tenant: RuntimeTenant): number {
    return Math.max(1, Math.floor(this.options.runtime.quota(tenant, 'JOBS_IN_FLIGHT')?.limit ?? defaultCap));
  }

  #noticed(databaseId: string, tenantId: string | undefined): void {
    for (const tenant of this.#served.values()) {
      if (tenant.databaseId !== databaseId) continue;
      if (tenantId === undefined || tenantId === tenant.id) this.#wake(tenant.id);
    }
    this.#pump();
  }

  #wakeAll(): void {
    for (const id of this.#served.keys()) this.#wake(id);
    this.#pump();
  }

  #wake(id: string): void {
    this.#told.add(id);
    this.#scheduler.ready(id);
  }

  #pump(): void {
    while (!this.#stopping) {
      const id = this.#scheduler.next();
      if (id === null) return;
      const work = this.#serve(id)
        .catch((error: unknown) => {
          this.options.logger.error({ err: error, tenant: id }, 'the queue of a tenant could not be served');
          this.#lookAgain(id, afterErrorMs);
        })
        .finally(() => {
          this.#scheduler.release(id);
          this.#work.delete(work);
          this.#pump();
        });
      this.#work.add(work);
    }
  }

  async #serve(id: string): Promise<void> {
    const { runtime, logger, backoff } = this.options;
    const tenant = this.#served.get(id);
    if (!tenant) return;
    const scope = runtime.database(tenant);
    this.#told.delete(id);
    const claim = await this.#claim(scope, tenant);
    if (!claim.job) {
      if (this.#leaving.has(id) && (await isHandedOver(scope, this.options.pool))) {
        this.#served.delete(id);
        this.#leaving.delete(id);
        this.#follow();
        return;
      }
      if (this.#told.has(id)) return;
      this.#scheduler.idle(id);
      if (claim.nextInMs !== null) this.#lookAgain(id, Math.max(lookAgainMs, claim.nextInMs));
      return;
    }
    if (this.#stopping) {
      await returnJob(scope, claim.job);
      return;
    }
    const options = { scope, tenant, handlers: this.#handlers, logger, ...(backoff ? { backoff } : {}) };
    const outcome = await runJob(claim.job, options);
    runtime.recordJob(tenant);
    if (outcome === 'RETRY') this.#wake(id);
  }

  async #claim(scope: TenantScope, tenant: RuntimeTenant): Promise<Claim> {
    const { runtime, leaseMs = 10_000, pool = 'SHARED' } = this.options;
    try {
      const now = performance.now();
      if (now - (this.#reclaimed.get(tenant.id) ?? -Infinity) >= reclaimEveryMs) {
        this.#reclaimed.set(tenant.id, now);
        await reclaimAbandoned(scope);
      }
      return await claimJob(scope, { holder: runtime.instanceId, leaseMs, cap: this.#quota(tenant), pool });
    } catch (error) {
      // A look that failed is not repeated at once.
      this.#scheduler.idle(tenant.id);
      throw error;
    }
  }

  #lookAgain(id: string, inMs: number): void {
    if (this.#stopping) return;
    clearTimeout(this.#timers.get(id));
    const timer = setTimeout(
      () => {
        this.#timers.delete(id);
        this.#wake(id);
        this.#pump();
      },
      Math.min(inMs, this.options.sweepMs ?? 15_000),
    );
    this.#timers.set(id, timer);
  }
}
