import { EventEmitter } from 'node:events';
import pg from 'pg';
import type { Logger } from './logging.js';

/**
 * LISTEN on PostgreSQL, kept alive: reconnects with backoff and then tells every subscriber `resync`,
 * since notifications sent meanwhile are gone. A notification is a hint to look, never the data itself.
 */
export class Notifications {
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #channels = new Set<string>();
  #client: pg.Client | undefined;
  #closed = false;
  #delayMs = 100;

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    await this.#connect();
  }

  /**
   * @param wake called with the payload of each notification, and with undefined after a reconnect.
   * @returns a function that ends the subscription.
   */
  async subscribe(channel: string, wake: (payload: string | undefined) => void): Promise<() => void> {
    if (!this.#channels.has(channel)) {
      this.#channels.add(channel);
      await this.#client?.query(`listen ${pg.escapeIdentifier(channel)}`);
    }
    this.#emitter.on(channel, wake);
    return () => this.#emitter.off(channel, wake);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'tierdeck-listen',
      keepAlive: true,
    });
    client.on('notification', ({ channel, payload }) => this.#emitter.emit(channel, payload));
    client.on('error', (error) => this.logger.warn({ err: error }, 'LISTEN connection failed'));
    try {
      await client.connect();
      for (const channel of this.#channels) await client.query(`listen ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    // Only now: an attempt that fails ends as well, and two tries for each failed one would soon be thousands.
    client.once('end', () => this.#reconnectLater());
    this.#client = client;
    this.#delayMs = 100;
  }

  #reconnectLater(): void {
    if (this.#closed) return;
    this.#client = undefined;
    const delay = this.#delayMs;
    this.#delayMs = Math.min(delay * 2, 5_000);
    setTimeout(() => {
      if (this.#closed) return;
      this.#connect().then(
        () => {
          for (const channel of this.#channels) this.#emitter.emit(channel, undefined);
        },
        () => this.#reconnectLater(),
      );
    }, delay).unref();
  }
}
