import { randomUUID } from 'node:crypto';
import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admissions, defaultAdmissionOptions, type Admission, type AdmissionOptions } from './admission.js';
import { ConnectionPools, defaultConnectionLimits, type ConnectionLimits } from './connections.js';
import { Directory } from './directory.js';
import { Homes } from './homes.js';
import { ControlPlaneUnavailable, TenantNotServed, TenantSuspended, UnknownTenantToken } from './errors.js';
import type { KpiObservation } from './kpis.js';
import { silentLogger, type RuntimeLogger } from './logger.js';
import type { EffectiveQuota } from './quota.js';
import { Reporter } from './reporter.js';
import type { ShadowKey, ShadowOutcome } from './shadows.js';
import { SnapshotClient, SnapshotRefused } from './snapshot-client.js';
import { SnapshotFile } from './snapshot-file.js';
import { createTenantScope, type TenantScope } from './tenant-scope.js';
import type { RuntimeTenant } from './tenant.js';
import type { DatabaseSnapshot, QuotaKind, RuntimeSnapshot } from './wire.js';

export interface RuntimeOptions {
  /** Address of the control plane, e.g. `http://127.0.0.1:4000`. */
  url: string;
  /** RUNTIME token. */
  token: string;
  /** Name of the service, e.g. `distribution`. */
  service: string;
  /** Where the last good snapshot is kept. */
  dataDir: string;
  /** Names this process; default is a fresh one at each start. */
  instanceId?: string;
  /** Slug; set if this process serves one tenant alone. */
  tenant?: string;
  logger?: RuntimeLogger;
  admission?: Partial<AdmissionOptions>;
  connections?: Partial<ConnectionLimits>;
  /** How long a writer waits while its tenant moves to another database, in milliseconds; default 5,000. */
  moveDeadlineMs?: number;
  /** How long `start` waits for a first snapshot if none is stored, in milliseconds. */
  startTimeoutMs?: number;
}

/** A standby that takes longer to reach is met cold, in milliseconds. */
const longestWarmUpMs = 1_000;

/** What a snapshot tells about: its revision, and the tenants that this instance serves. */
export interface SnapshotNotice {
  revision: number;
  tenants: RuntimeTenant[];
}

/**
 * Tierdeck inside a service: which tenants there are, whether a request may be served now, and the tenant's database.
 * It answers from the last good snapshot and asks nobody on the request path, so the service keeps serving while the
 * control plane is away.
 */
export class TierdeckRuntime {
  readonly instanceId: string;
  readonly admissions: Admissions;
  readonly #logger: RuntimeLogger;
  readonly #file: SnapshotFile;
  readonly #client: SnapshotClient;
  readonly #reporter: Reporter;
  readonly #pools: ConnectionPools;
  readonly #listeners = new Set<(notice: SnapshotNotice) => void>();
  readonly #admitted = new AsyncLocalStorage<string>();
  readonly #homes = new Homes(
    () => this.#directory,
    () => this.#reporter.lease.isValid(),
  );
  /** Of the one tenant that this process serves, also after it is gone from the snapshot. */
  #ownId: string | undefined;
  #directory = new Directory({ revision: -1, tenants: [], databases: [] });
  /** The newest revision for which all was prepared; the control plane hears of no newer one. */
  #readyRevision = -1;

  private constructor(private readonly options: RuntimeOptions) {
    const { url, token, service, dataDir, tenant } = options;
    const logger = options.logger ?? silentLogger;
    this.#logger = logger;
    this.instanceId = options.instanceId ?? `${service}-${randomUUID()}`;
    this.#file = new SnapshotFile(
      join(dataDir, `runtime-${[service, tenant].filter(Boolean).join('-')}.json`),
    );
    this.#client = new SnapshotClient({
      url,
      token,
      logger,
      onSnapshot: (snapshot) => this.#apply(snapshot),
    });
    this.#reporter = new Reporter({
      url,
      token,
      service,
      logger,
      instanceId: this.instanceId,
      tenantId: () => (tenant === undefined ? null : this.#ownId),
      appliedRevision: () => this.#readyRevision,
    });
    const admission = { ...defaultAdmissionOptions, ...options.admission };
    // A request that has a slot never waits for a connection, unless it uses several at once.
    const perDatabase = Math.max(defaultConnectionLimits.perDatabase, admission.slots);
    this.#pools = new ConnectionPools(
      { ...defaultConnectionLimits, perDatabase, ...options.connections },
      `tierdeck-${service}`,
      logger,
    );
    this.admissions = new Admissions(admission, {
      quota: (tenantId, kind) => this.#directory.quota(tenantId, kind),
      onRefused: (tenantId, how) => this.#reporter.usage.refusal(tenantId, how),
      onDone: (tenantId, queuedMs, totalMs) => this.#reporter.usage.request(tenantId, queuedMs, totalMs),
    });
  }

  /**
   * Gets the snapshot from the control plane, or the stored one if it is away, and follows it from then on.
   * @throws ControlPlaneUnavailable if there is neither.
   */
  static async start(options: RuntimeOptions): Promise<TierdeckRuntime> {
    const runtime = new TierdeckRuntime(options);
    try {
      await runtime.#begin();
    } catch (error) {
      runtime.#pools.close();
      throw error;
    }
    return runtime;
  }

  /** Revision of the snapshot that is in force. */
  get revision(): number {
    return this.#directory.snapshot.revision;
  }

  /** The tenants that this instance serves. */
  tenants(): RuntimeTenant[] {
    const { tenant } = this.options;
    return this.#directory.tenants().filter(({ slug }) => tenant === undefined || slug === tenant);
  }

  /** Logins of the databases in which these tenants live, for what statements cannot do: LISTEN. */
  databases(): DatabaseSnapshot[] {
    const used = new Set(this.tenants().map(({ databaseId }) => databaseId));
    return this.#directory.snapshot.databases.filter(({ id }) => used.has(id));
  }

  tenant(slugOrId: string): RuntimeTenant | undefined {
    const tenant = this.#directory.tenant(slugOrId);
    const only = this.options.tenant;
    return only === undefined || tenant?.slug === only ? tenant : undefined;
  }

  /** @param bearer the token itself, without `Bearer `. */
  tenantOfToken(bearer: string): RuntimeTenant | undefined {
    const tenant = this.#directory.tenantOfToken(bearer);
    return tenant && this.tenant(tenant.id);
  }

  /**
   * The tenant that a request acts for, from its Authorization header and nothing else.
   * @throws UnknownTenantToken, TenantSuspended unless it is suspended for writes alone
   */
  authenticate(authorization: string | undefined): RuntimeTenant {
    const [, bearer] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    const tenant = bearer === undefined ? undefined : this.tenantOfToken(bearer);
    if (!tenant) throw new UnknownTenantToken();
    if (isClosed(tenant)) throw new TenantSuspended();
    return tenant;
  }

  /** Calls back after each newer snapshot. @returns a function that ends it. */
  onSnapshot(listener: (notice: SnapshotNotice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The limit that holds now; undefined: none. */
  quota(tenant: RuntimeTenant, kind: QuotaKind): EffectiveQuota | undefined {
    return this.#directory.quota(tenant.id, kind);
  }

  /** The tenant's database. Nothing is opened before the first statement. */
  database(tenant: Pick<RuntimeTenant, 'id'>): TenantScope {
    return createTenantScope({
      tenantId: tenant.id,
      pools: this.#pools,
      home: this.#homes.of(tenant.id),
      ...(this.options.moveDeadlineMs === undefined ? {} : { moveDeadlineMs: this.options.moveDeadlineMs }),
      isReadOnly: () => this.#directory.tenant(tenant.id)?.readOnly === true,
      onDatabaseTime: (ms) => this.#reporter.usage.add(tenant.id, 'databaseMs', ms),
      onWallRefusal: () => this.#reporter.usage.add(tenant.id, 'refusedByWall'),
    });
  }

  /**
   * Serves `work` as one request of the tenant: its rate, its concurrency, then a fair share of the slots.
   * A call from inside another admitted piece of work of the tenant is not gated again, which could lock it up.
   * @throws QuotaExceeded (429), Overloaded (503), TenantSuspended (403)
   */
  async admit<T>(
    tenant: RuntimeTenant,
    work: (admission: Pick<Admission, 'tenant' | 'queuedMs'>) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    if (this.#admitted.getStore() === tenant.id) return work({ tenant, queuedMs: 0 });
    const current = this.tenant(tenant.id);
    if (!current) throw new TenantNotServed(tenant.slug);
    if (isClosed(current)) throw new TenantSuspended();
    this.admissions.charge(current);
    const admission = await this.admissions.enter(current, signal);
    try {
      return await this.#admitted.run(tenant.id, () => work(admission));
    } finally {
      admission.release();
    }
  }

  /** RateLimit-Policy and RateLimit for an answer to the tenant. */
  rateLimitHeaders(tenant: RuntimeTenant): Record<string, string> {
    return this.admissions.headers(tenant);
  }

  /** Adds business figures; they reach the control plane within about a second. */
  recordKpi(observation: KpiObservation): void {
    this.#reporter.kpis.record(observation);
  }

  /** Adds a line that another engine did in the shadow of the one that answered. */
  recordShadow(key: ShadowKey, outcome: ShadowOutcome): void {
    this.#reporter.shadows.record(key, outcome);
  }

  /** An integration job of the tenant was carried out, well or not. */
  recordJob(tenant: Pick<RuntimeTenant, 'id'>): void {
    this.#reporter.usage.add(tenant.id, 'jobs');
  }

  /** Sends what was recorded now instead of within a second. @returns false if the control plane is away. */
  flush(): Promise<boolean> {
    return this.#reporter.flush();
  }

  /** Takes no new request, sends the last figures, closes connections as they become free. */
  async stop(): Promise<void> {
    this.admissions.stop();
    await this.#client.stop();
    await this.#reporter.stop();
    await this.#file.settled();
    this.#pools.close();
  }

  async #begin(): Promise<void> {
    const stored = await this.#file.read();
    if (stored) this.#use(stored);
    const deadline = Date.now() + (this.options.startTimeoutMs ?? 30_000);
    for (let pause = 100; ; pause = Math.min(pause * 2, 2_000)) {
      try {
        this.#apply(await this.#client.fetch());
        break;
      } catch (error) {
        if (stored) {
          this.#logger.warn({ err: error, revision: stored.revision }, 'starting from the stored snapshot');
          break;
        }
        if (error instanceof SnapshotRefused || Date.now() + pause > deadline) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new ControlPlaneUnavailable(`There is no snapshot to serve from: ${reason}.`, error);
        }
      }
      await sleep(pause);
    }
    this.#client.follow();
    this.#reporter.start();
  }

  #apply(snapshot: RuntimeSnapshot): void {
    if (snapshot.revision < this.revision) {
      this.#logger.warn({ offered: snapshot.revision, have: this.revision }, 'refused an older snapshot');
      return;
    }
    this.#use(snapshot);
    this.#file.write(snapshot).catch((error: unknown) => {
      this.#logger.error({ err: error, file: this.#file.path }, 'the snapshot could not be stored');
    });
  }

  #use(snapshot: RuntimeSnapshot): void {
    this.#directory = new Directory(snapshot);
    if (this.options.tenant !== undefined) this.#ownId = this.tenant(this.options.tenant)?.id ?? this.#ownId;
    this.#homes.forget();
    this.#pools.retain(snapshot.databases);
    this.#prepare(snapshot.revision);
    const notice = { revision: snapshot.revision, tenants: this.tenants() };
    for (const listener of this.#listeners) {
      try {
        listener(notice);
      } catch (error) {
        this.#logger.error({ err: error }, 'a listener of the snapshot failed');
      }
    }
  }

  /** The mover cuts over when it hears of this revision, so the way to the new home must be open by then. */
  #prepare(revision: number): void {
    const ready = (): void => {
      this.#readyRevision = Math.max(this.#readyRevision, revision);
    };
    const warm = this.#pools.keepWarm(this.#directory.standbys());
    if (warm === undefined) return ready();
    const enough = setTimeout(ready, longestWarmUpMs).unref();
    void warm.then(() => {
      clearTimeout(enough);
      ready();
    });
  }
}

/** A tenant that is suspended for writes alone is served. */
function isClosed({ status, readOnly }: RuntimeTenant): boolean {
  return status === 'SUSPENDED' && readOnly !== true;
}
