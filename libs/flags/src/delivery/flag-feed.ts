import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { REVISION_CHANNEL, type RevisionNotice } from '#audit';
import { Database, LOGGER, Notifications, type Logger } from '#platform';
import { EnvironmentFeed } from './environment-feed.js';
import { SdkTokenCache } from './sdk-token-cache.js';
import { TenantIdentities } from './tenant-identities.js';

/** Looks for changes when nothing woke it: a connection that died without a word delays a change by this much. */
const pollMs = 5_000;
const retryMs = 250;

/**
 * Keeps the flags of every environment in memory, in step with the revision log. A notice wakes only the environments
 * it concerns. With PostgreSQL away the last state is served, and caught up with once it is back.
 */
@Injectable()
export class FlagFeed implements OnModuleInit, OnModuleDestroy {
  readonly #environments = new Map<string, EnvironmentFeed>();
  #unsubscribe: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** Environments that will be tried again soon. */
  readonly #retries = new Set<string>();
  readonly #accessListeners = new Set<() => void>();
  /** Newest revision of a notice. */
  #heard = -1;
  /** Newest revision that the last look around found. */
  #looked = -1;

  constructor(
    private readonly database: Database,
    private readonly notifications: Notifications,
    private readonly tokens: SdkTokenCache,
    private readonly tenants: TenantIdentities,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    this.#unsubscribe = await this.notifications.subscribe(REVISION_CHANNEL, (payload) =>
      this.#wake(payload),
    );
    await this.#addEnvironments();
    await Promise.all([...this.#environments.values()].map((feed) => feed.catchUp()));
    this.#heard = Math.max(this.#heard, this.#newest());
    this.#timer = setInterval(() => this.lookAround(), pollMs);
    this.#timer.unref();
  }

  onModuleDestroy(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#unsubscribe?.();
  }

  /** undefined if there is no such environment. */
  environment(name: string): EnvironmentFeed | undefined {
    return this.#environments.get(name);
  }

  /** Calls back when a token or a tenant may have changed. @returns a function that ends it. */
  onAccessChange(listener: () => void): () => void {
    this.#accessListeners.add(listener);
    return () => this.#accessListeners.delete(listener);
  }

  /**
   * What is done now and then, for changes that nobody was told of. Notices come within moments of their change: if one
   * from before the last look is still missing, the connection is dead, and what else it would have told is in doubt.
   */
  lookAround(): void {
    if (this.#looked > this.#heard) this.#doubtAccess();
    this.#heard = Math.max(this.#heard, this.#looked);
    this.#looked = this.#newest();
    void this.#catchUpEverywhere();
  }

  #newest(): number {
    return Math.max(-1, ...[...this.#environments.values()].map(({ revision }) => revision));
  }

  #doubtAccess(): void {
    this.tokens.invalidate();
    this.tenants.invalidate();
    this.#accessChanged();
  }

  #accessChanged(): void {
    for (const listener of this.#accessListeners) listener();
  }

  #wake(payload: string | undefined): void {
    if (payload === undefined) {
      this.#doubtAccess();
      void this.#catchUpEverywhere();
      return;
    }
    const notice = JSON.parse(payload) as RevisionNotice;
    if (notice.revision > this.#heard) this.#heard = notice.revision;
    switch (notice.area) {
      case 'identity':
        this.tokens.invalidate();
        return this.#accessChanged();
      case 'tenancy':
        this.tenants.invalidate(notice.revision);
        return this.#accessChanged();
      case 'environments':
        void this.#catchUpEverywhere();
        return;
      case 'flags':
        return notice.environment === null ? this.#catchUpAll() : this.#catchUp(notice.environment);
      default:
    }
  }

  /** Also in environments that are new. */
  async #catchUpEverywhere(): Promise<void> {
    await this.#addEnvironments().catch((error: unknown) => this.#failed(error));
    this.#catchUpAll();
  }

  async #addEnvironments(): Promise<void> {
    const rows = await this.database.query<{ name: string }>('select name from environment');
    for (const { name } of rows) {
      if (this.#environments.has(name)) continue;
      const feed = new EnvironmentFeed(name, this.database);
      this.#environments.set(name, feed);
    }
  }

  #catchUpAll(): void {
    for (const name of this.#environments.keys()) this.#catchUp(name);
  }

  #catchUp(name: string): void {
    const feed = this.#environments.get(name);
    feed?.catchUp().catch((error: unknown) => {
      this.#failed(error);
      if (this.#stopped || this.#retries.has(name)) return;
      this.#retries.add(name);
      setTimeout(() => {
        this.#retries.delete(name);
        if (!this.#stopped) this.#catchUp(name);
      }, retryMs).unref();
    });
  }

  #failed(error: unknown): void {
    if (!this.#stopped) this.logger.warn({ err: error }, 'flags cannot be read; the last ones are served on');
  }
}
