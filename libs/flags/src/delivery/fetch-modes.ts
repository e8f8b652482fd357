import type { IncomingHttpHeaders } from 'node:http';

/** Connections remembered; beyond that the oldest are forgotten. */
const maxConnections = 20_000;
/** Whoever came back to polling is left alone for this long, in milliseconds. */
const respiteMs = 10 * 60_000;

/**
 * Who is told to stream. An SDK that is told drops the answer that told it; if its way lets no stream through, it comes
 * back to polling, must then get the whole answer even if it names the ETag it dropped, and must not be told again at
 * once.
 */
export class FetchModes {
  readonly #offered = new Map<string, { at: number; returned: boolean }>();

  constructor(
    private readonly enabled: boolean,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether to tell this SDK to stream with the answer it gets now. */
  offer(headers: IncomingHttpHeaders): boolean {
    const connection = connectionOf(headers);
    if (!this.enabled || connection === undefined) return false;
    const before = this.#offered.get(connection);
    if (before && this.now() - before.at < respiteMs) return false;
    this.#offered.delete(connection);
    this.#offered.set(connection, { at: this.now(), returned: false });
    if (this.#offered.size > maxConnections) {
      for (const oldest of this.#offered.keys()) {
        this.#offered.delete(oldest);
        break;
      }
    }
    return true;
  }

  /** Whether this SDK polls although it was told to stream: once true after each offer. */
  comesBack(headers: IncomingHttpHeaders): boolean {
    if (this.#offered.size === 0) return false;
    const connection = connectionOf(headers);
    const offer = connection === undefined ? undefined : this.#offered.get(connection);
    if (!offer || offer.returned) return false;
    offer.returned = true;
    return true;
  }
}

function connectionOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['unleash-connection-id'];
  return typeof id === 'string' && id.length <= 100 ? id : undefined;
}
