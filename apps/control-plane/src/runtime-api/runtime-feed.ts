import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { REVISION_CHANNEL, type RevisionNotice } from '#audit';
import { Database, LOGGER, Notifications, rowsOf, type Logger } from '#platform';
import { QuotasReadModel } from '#quotas';
import type { RuntimeSnapshot } from '#runtime/wire';
import { TenantDatabases } from '#tenancy';

/** Areas whose changes an instance must hear of. */
const relevant: ReadonlySet<string> = new Set(['tenancy', 'quotas', 'identity']);

/** Changes that come together go out as one snapshot: a revision waits at most this long, in milliseconds. */
const gatherMs = 20;

/** A failed read is tried again after this time, in milliseconds. */
const retryMs = 500;

/** The runtime snapshot as it is, and again after each revision that concerns it. */
@Injectable()
export class RuntimeFeed implements OnModuleInit, OnApplicationShutdown {
  readonly #listeners = new Set<(snapshot: RuntimeSnapshot) => void>();
  #unsubscribe: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabases,
    private readonly quotas: QuotasReadModel,
    private readonly notifications: Notifications,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    this.#unsubscribe = await this.notifications.subscribe(REVISION_CHANNEL, (payload) => {
      if (payload !== undefined && !relevant.has((JSON.parse(payload) as RevisionNotice).area)) return;
      this.#sendSoon(gatherMs);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.#unsubscribe();
    clearTimeout(this.#timer);
    this.#listeners.clear();
    await this.#reading;
  }

  /**
   * Reads the snapshot. Revisions become visible in order, so one that is read in the same database snapshot as its
   * revision holds everything up to it.
   */
  async current(): Promise<RuntimeSnapshot> {
    return this.database.source.transaction('REPEATABLE READ', async (tx) => {
      const [head] = await rowsOf<{ revision: string }>(tx, 'select revision from revision_head');
      const { tenants, databases } = await this.tenants.snapshot(tx);
      const limits = await this.quotas.snapshot(tx);
      return {
        revision: Number(head?.revision),
        databases,
        tenants: tenants.map(({ plan: _plan, ...tenant }) => {
          const { weight, quotas } = limits.get(tenant.id) ?? { weight: 1, quotas: [] };
          return { ...tenant, weight, quotas };
        }),
      };
    });
  }

  /** Calls back with each newer snapshot. @returns a function that ends it. */
  follow(listener: (snapshot: RuntimeSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #sendSoon(delay: number): void {
    if (this.#timer !== undefined || this.#listeners.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // One after the other, so that snapshots go out in the order of their revisions.
      this.#reading = this.#reading.then(() => this.#send());
    }, delay);
  }

  async #send(): Promise<void> {
    try {
      const snapshot = await this.current();
      for (const listener of this.#listeners) listener(snapshot);
    } catch (error) {
      this.logger.warn({ err: error }, 'the runtime snapshot could not be read; trying again');
      this.#sendSoon(retryMs);
    }
  }
}

/** What a token of one tenant may see: that tenant and its database. */
export function restrictTo(tenantId: string | null, snapshot: RuntimeSnapshot): RuntimeSnapshot {
  if (tenantId === null) return snapshot;
  const tenants = snapshot.tenants.filter(({ id }) => id === tenantId);
  const used = new Set(
    tenants.flatMap(({ databaseId, standbyDatabaseId }) => [databaseId, standbyDatabaseId]),
  );
  return { ...snapshot, tenants, databases: snapshot.databases.filter(({ id }) => used.has(id)) };
}
