import { setTimeout as sleep } from 'node:timers/promises';
import { Notifications, type Logger } from '#platform';
import type { DatabaseSnapshot } from '#runtime';

const channel = 'integration_job';
const retryMs = 1_000;

interface Listening {
  url: string;
  close: () => Promise<void>;
}

/**
 * Listens on each tenant database for new jobs. A notice only says where to look: one that was missed or forged costs
 * a look, for the payload is matched against the tenants that are served from that database.
 */
export class JobNotices {
  readonly #listening = new Map<string, Listening>();
  #closed = false;

  /** @param wake called with the database and a tenant id, or with undefined if notices may have been missed. */
  constructor(
    private readonly wake: (databaseId: string, tenantId: string | undefined) => void,
    private readonly logger: Logger,
  ) {}

  /** Follows the databases of a snapshot: new ones are listened to, gone or changed ones no longer. */
  follow(databases: readonly DatabaseSnapshot[]): void {
    if (this.#closed) return;
    const wanted = new Map(databases.map((database) => [database.id, urlOf(database)]));
    for (const [id, { url, close }] of this.#listening) {
      if (wanted.get(id) === url) continue;
      this.#listening.delete(id);
      close().catch(() => undefined);
    }
    for (const [id, url] of wanted) {
      if (!this.#listening.has(id)) this.#listening.set(id, this.#listen(id, url));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#listening.values()].map(({ close }) => close()));
    this.#listening.clear();
  }

  #listen(id: string, url: string): Listening {
    const stop = new AbortController();
    const running = this.#keepListening(id, url, stop.signal);
    return {
      url,
      close: async () => {
        stop.abort();
        await running;
      },
    };
  }

  async #keepListening(id: string, url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const notices = new Notifications(url, this.logger);
      try {
        await notices.start();
        await notices.subscribe(channel, (tenantId) => this.wake(id, tenantId));
        this.wake(id, undefined);
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      } catch (error) {
        this.logger.warn({ err: error, database: id }, 'cannot listen for jobs; trying again');
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      } finally {
        await notices.close();
      }
    }
  }
}

function urlOf({ host, port, database, user, password }: DatabaseSnapshot): string {
  const url = new URL(`postgres://host/${encodeURIComponent(database)}`);
  url.hostname = host;
  url.port = String(port);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.toString();
}
