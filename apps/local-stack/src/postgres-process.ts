import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgres, type EmbeddedPostgresOptions, type Logger, type Stoppable } from '#platform';

const firstBackoffMs = 250;
const longestBackoffMs = 15_000;

/**
 * The embedded PostgreSQL, supervised: when it ends by itself it is started again on the same port, and its own recovery
 * brings back all that was committed. The services wait for it and go on.
 */
export class PostgresProcess implements Stoppable {
  readonly #stop = new AbortController();
  readonly #supervision: Promise<void>;

  private constructor(
    private postgres: EmbeddedPostgres,
    private readonly options: EmbeddedPostgresOptions,
    private readonly logger: Logger,
  ) {
    this.#supervision = this.#supervise();
  }

  /** @throws TierdeckError PORT_TAKEN, POSTGRES_START_FAILED: the first start is not tried again. */
  static async start(options: EmbeddedPostgresOptions, logger: Logger): Promise<PostgresProcess> {
    return new PostgresProcess(await EmbeddedPostgres.start(options), options, logger);
  }

  /** URL of the superuser for one database; the same after every restart. */
  url(database?: string): string {
    return this.postgres.url(database);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.postgres.stop();
    await this.#supervision;
    // A restart that was under way when the stop was asked for has ended by now: its server is another one.
    await this.postgres.stop();
  }

  async #supervise(): Promise<void> {
    for (let delay = firstBackoffMs; !this.#stop.signal.aborted;) {
      await this.postgres.ended();
      if (this.#stop.signal.aborted) return;
      this.logger.warn({ service: 'postgres', delay }, 'process ended; starting it again');
      await sleep(delay, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      if (this.#stop.signal.aborted) return;
      try {
        this.postgres = await EmbeddedPostgres.start(this.options);
        delay = firstBackoffMs;
      } catch (error) {
        delay = Math.min(2 * delay, longestBackoffMs);
        this.logger.error({ err: error, service: 'postgres' }, 'restart failed');
      }
    }
  }
}
