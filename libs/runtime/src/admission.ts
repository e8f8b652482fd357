import { availableParallelism } from 'node:os';
import { Overloaded, QuotaExceeded } from './errors.js';
import { FairScheduler, type Dispatch } from './fair-queue.js';
import { Gcra, type RateDecision } from './gcra.js';
import { rateOf, type EffectiveQuota } from './quota.js';
import { rateLimitHeaders, secondsUntilMore } from './rate-limit-headers.js';
import type { RuntimeTenant } from './tenant.js';
import type { QuotaKind } from './wire.js';

export interface AdmissionOptions {
  /** Requests in service at once in this instance. */
  slots: number;
  /** Share of the slots that one tenant may hold; the rest always waits for the others. */
  tenantShare: number;
  /** How many requests of one tenant may wait for a slot. */
  tenantQueue: number;
  /** How long a request waits for a slot before it is shed, in milliseconds. */
  maxWaitMs: number;
}

const slots = Math.max(6, 3 * availableParallelism());

/**
 * Slots suit a database on the same machine; give more where it has a machine of its own. Half of them is enough for
 * one tenant to keep the processors busy, and little enough for a newcomer's query to run at nearly full speed beside.
 */
export const defaultAdmissionOptions: AdmissionOptions = {
  slots,
  tenantShare: 0.5,
  tenantQueue: 100,
  maxWaitMs: 5_000,
};

/** A rate or a concurrency that is used up (429), or a service that is busy (503). */
export type Refusal = 'rate' | 'concurrency' | 'shed';

/** What admission reads and tells; in the runtime the snapshot and the usage counters. */
export interface AdmissionPorts {
  quota(tenantId: string, kind: QuotaKind): EffectiveQuota | undefined;
  onRefused(tenantId: string, how: Refusal): void;
  /** A request ended: time it waited for its slot and time in all, in milliseconds. */
  onDone(tenantId: string, queuedMs: number, totalMs: number): void;
}

/** A request that is in service; {@link Admission.release} gives its slot back. */
export interface Admission {
  readonly tenant: RuntimeTenant;
  /** Time it waited for its slot, in milliseconds. */
  readonly queuedMs: number;
  /** Safe to call again. */
  release(): void;
}

interface Waiting {
  readonly tenant: RuntimeTenant;
  readonly since: number;
  admit(dispatch: Dispatch<Waiting>): void;
}

interface TenantState {
  readonly bucket: Gcra;
  /** Requests that wait or are in service. */
  present: number;
}

/**
 * Decides which request is served, and when: the tenant's request rate, then its concurrency, then a fair queue for
 * the slots of the instance. Only what passed one gate counts at the next.
 */
export class Admissions {
  readonly #tenants = new Map<string, TenantState>();
  readonly #scheduler: FairScheduler<Waiting>;
  #stopping = false;

  constructor(
    private readonly options: AdmissionOptions,
    private readonly ports: AdmissionPorts,
  ) {
    this.#scheduler = new FairScheduler({
      slots: options.slots,
      tenantSlots: (tenantId, costMs) => this.#tenantSlots(tenantId, costMs),
      tenantQueue: options.tenantQueue,
    });
  }

  /**
   * Charges one request to the tenant's rate. Cheap: call it before the body is read.
   * @throws QuotaExceeded with the headers of the refusal.
   */
  charge(tenant: RuntimeTenant): void {
    const quota = this.ports.quota(tenant.id, 'REQUEST_RATE');
    if (!quota) return;
    const rate = rateOf(quota);
    const decision = this.#state(tenant.id).bucket.take(rate, performance.now());
    if (decision.admitted || !quota.hard) return;
    this.ports.onRefused(tenant.id, 'rate');
    throw new QuotaExceeded(
      tenant.slug,
      'REQUEST_RATE',
      quota.limit,
      secondsUntilMore(decision),
      rateLimitHeaders(rate, decision),
    );
  }

  /**
   * Waits for a slot.
   * @param signal ends the wait, e.g. because the client went away.
   * @throws QuotaExceeded over the tenant's concurrency, Overloaded if its queue is full or the wait too long.
   */
  async enter(tenant: RuntimeTenant, signal?: AbortSignal): Promise<Admission> {
    if (this.#stopping) throw new Overloaded('STOPPING');
    const state = this.#state(tenant.id);
    this.#refuseOverConcurrency(tenant, state);
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const leave = (error: Error): void => {
        if (!this.#scheduler.withdraw(tenant.id, waiting)) return;
        settle();
        state.present--;
        reject(error);
      };
      const onAbort = (): void => leave(signal?.reason as Error);
      const waiting: Waiting = {
        tenant,
        since: performance.now(),
        admit: (dispatch) => {
          settle();
          resolve(this.#admission(dispatch, state));
        },
      };
      if (!this.#scheduler.enqueue(tenant.id, tenant.weight, waiting)) {
        this.ports.onRefused(tenant.id, 'shed');
        reject(new Overloaded('QUEUE_FULL'));
        return;
      }
      state.present++;
      this.#dispatch();
      if (this.#scheduler.waiting(tenant.id) === 0) return;
      signal?.addEventListener('abort', onAbort, { once: true });
      timer = setTimeout(() => {
        this.ports.onRefused(tenant.id, 'shed');
        leave(new Overloaded('WAITED_TOO_LONG'));
      }, this.options.maxWaitMs);
    });
  }

  /** RateLimit headers of an answer to the tenant; none without a rate quota. */
  headers(tenant: RuntimeTenant): Record<string, string> {
    const quota = this.ports.quota(tenant.id, 'REQUEST_RATE');
    if (!quota) return {};
    const rate = rateOf(quota);
    return rateLimitHeaders(rate, this.#peek(tenant, rate));
  }

  /** Requests in service, of one tenant or of all. */
  inService(tenantId?: string): number {
    return this.#scheduler.inService(tenantId);
  }

  /** Refuses whoever comes from now on; who is in service or waits is still served. */
  stop(): void {
    this.#stopping = true;
  }

  /**
   * What the tenant's own rate needs by Little's law (rate × slot time), twice over; at least one, at most its share.
   * So a burst is served at the pace that its rate was meant for and leaves the rest of the machine to the neighbours.
   */
  #tenantSlots(tenantId: string, costMs: number): number {
    const share = Math.max(1, Math.floor(this.options.slots * this.options.tenantShare));
    const quota = this.ports.quota(tenantId, 'REQUEST_RATE');
    if (!quota?.hard) return share;
    const needed = Math.ceil((2 * quota.limit * costMs) / 1_000);
    return Math.min(share, Math.max(1, needed));
  }

  #peek(tenant: RuntimeTenant, rate: ReturnType<typeof rateOf>): RateDecision {
    return this.#state(tenant.id).bucket.peek(rate, performance.now());
  }

  #refuseOverConcurrency(tenant: RuntimeTenant, state: TenantState): void {
    const quota = this.ports.quota(tenant.id, 'CONCURRENCY');
    if (!quota?.hard || state.present < quota.limit) return;
    this.ports.onRefused(tenant.id, 'concurrency');
    throw new QuotaExceeded(tenant.slug, 'CONCURRENCY', quota.limit, 1, this.headers(tenant));
  }

  #dispatch(): void {
    for (let next = this.#scheduler.next(); next; next = this.#scheduler.next()) next.item.admit(next);
  }

  #admission(dispatch: Dispatch<Waiting>, state: TenantState): Admission {
    const { tenant, since } = dispatch.item;
    const admittedAt = performance.now();
    let released = false;
    return {
      tenant,
      queuedMs: admittedAt - since,
      release: () => {
        if (released) return;
        released = true;
        const now = performance.now();
        state.present--;
        this.#scheduler.complete(dispatch, now - admittedAt);
        this.ports.onDone(tenant.id, admittedAt - since, now - since);
        this.#dispatch();
      },
    };
  }

  #state(tenantId: string): TenantState {
    let state = this.#tenants.get(tenantId);
    if (!state) {
      state = { bucket: new Gcra(), present: 0 };
      this.#tenants.set(tenantId, state);
    }
    return state;
  }
}
