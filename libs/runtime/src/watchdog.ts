import { createConnection } from 'node:net';
import type { Client } from 'pg';
import type { RuntimeLogger } from './logger.js';

/** What the watchdog needs of a connection. */
export interface Watched {
  readonly client: Client;
  /** Set on a connection whose session can no longer be trusted. */
  broken: boolean;
}

/** The parts of pg's client that it keeps to itself. */
interface Inside {
  _activeQuery?: unknown;
  processID: number | null;
  secretKey: number | null;
  connection: { stream: { destroy(): void } };
}

interface Watch {
  readonly limitMs: number;
  /** The query that was seen active last, and since when. */
  query: unknown;
  since: number;
  cancelled: boolean;
}

const lookEveryMs = 250;
/** What the server has beyond the limit to end a statement itself, and to heed a cancellation. */
const graceMs = 1_000;

/**
 * Ends statements that outlived their limit. The server does so itself by `statement_timeout`; but that is a setting of
 * the session, which SQL may have changed, or the server may be too busy to look. A cancelled session is not used again:
 * what else was changed in it nobody knows.
 *
 * It looks at what each connection is doing now and then, so that a statement in time costs nothing.
 */
export class Watchdog {
  readonly #watches = new Map<Watched, Watch>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly logger: RuntimeLogger) {
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  watch(connection: Watched, limitMs: number): void {
    this.#watches.set(connection, { limitMs, query: undefined, since: 0, cancelled: false });
  }

  forget(connection: Watched): void {
    this.#watches.delete(connection);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    for (const [connection, watch] of this.#watches) {
      const inside = connection.client as unknown as Inside;
      const active = inside._activeQuery ?? undefined;
      if (active === undefined || active !== watch.query) {
        watch.query = active;
        watch.since = now;
        watch.cancelled = false;
        continue;
      }
      const over = now - watch.since - watch.limitMs;
      if (over < graceMs) continue;
      connection.broken = true;
      if (!watch.cancelled) {
        watch.cancelled = true;
        this.logger.error({ limitMs: watch.limitMs }, 'a statement outlived its limit: cancelling it');
        cancel(connection.client);
      } else if (over > 3 * graceMs) {
        this.logger.error({ limitMs: watch.limitMs }, 'a statement does not end: closing its connection');
        inside.connection.stream.destroy();
      }
    }
  }
}

/** Asks the server to cancel what the session is doing; needs neither a session nor a right (PostgreSQL docs, 54.2.8). */
function cancel(client: Client): void {
  const { processID, secretKey } = client as unknown as Inside;
  if (processID === null || secretKey === null) return;
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80_877_102, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = createConnection({ host: client.host, port: client.port });
  // If the server cannot be reached now, the connection is closed soon after.
  socket.on('error', () => undefined);
  socket.setTimeout(graceMs, () => socket.destroy());
  socket.once('connect', () => socket.end(request));
}
