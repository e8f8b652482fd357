import type { ServerResponse } from 'node:http';
import { TierdeckError, type Logger } from '#platform';
import type { RuntimeSnapshot } from '#runtime/wire';
import type { RuntimeAccess } from './runtime-access.js';
import { restrictTo, type RuntimeFeed } from './runtime-feed.js';

/** Comments that keep proxies and the instance's watchdog content, in milliseconds. */
const keepAliveMs = 15_000;

/** An instance that lets more than this pile up is cut off; it reconnects and gets the newest snapshot. */
const maxBufferedBytes = 8 * 1_048_576;

/** Streams of one replica, and those among them that tokens of one tenant may hold: no tenant keeps the others out. */
const maxStreams = 5_000;
const maxStreamsOfTenant = 200;

interface Stream {
  readonly response: ServerResponse;
  readonly authorization: string | undefined;
  readonly tenantId: string | null;
  sentRevision: number;
}

/** Open `/runtime/stream` connections: server-sent events `snapshot`, newest last. */
export class SnapshotStreams {
  readonly #streams = new Set<Stream>();
  readonly #timer: NodeJS.Timeout;
  #unfollow: (() => void) | undefined;

  constructor(
    private readonly feed: RuntimeFeed,
    private readonly access: RuntimeAccess,
    private readonly logger: Logger,
  ) {
    this.#timer = setInterval(() => this.#keepAlive(), keepAliveMs).unref();
  }

  /** @throws TierdeckError TOO_MANY_STREAMS */
  refuseFlood(tenantId: string | null): void {
    let own = 0;
    for (const stream of this.#streams) if (stream.tenantId === tenantId) own++;
    if (this.#streams.size < maxStreams && (tenantId === null || own < maxStreamsOfTenant)) return;
    throw new TierdeckError('TOO_MANY_STREAMS', 'This replica holds no more streams.', 429, {
      hint: 'Close streams that are no longer read, or ask another replica.',
    });
  }

  /** Sends the current snapshot, then every newer one, until the other side goes away. */
  async open(
    response: ServerResponse,
    authorization: string | undefined,
    tenantId: string | null,
  ): Promise<void> {
    const stream: Stream = { response, authorization, tenantId, sentRevision: -1 };
    response.on('close', () => this.#streams.delete(stream));
    response.on('error', () => this.#streams.delete(stream));
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    // Followed before the snapshot is read: what changes meanwhile is sent after it.
    this.#unfollow ??= this.feed.follow((snapshot) => {
      for (const stream of this.#streams) void this.#sendChecked(stream, snapshot);
    });
    this.#streams.add(stream);
    try {
      send(stream, await this.feed.current());
    } catch (error) {
      this.logger.warn({ err: error }, 'a runtime stream could not begin');
      response.destroy();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unfollow?.();
    for (const { response } of this.#streams) response.end();
  }

  /** A token may have been revoked since; that is a change of identity and comes here too. */
  async #sendChecked(stream: Stream, snapshot: RuntimeSnapshot): Promise<void> {
    try {
      await this.access.authenticate(stream.authorization);
      send(stream, snapshot);
    } catch {
      stream.response.destroy();
    }
  }

  #keepAlive(): void {
    for (const { response } of this.#streams) response.write(': keep-alive\n\n');
  }
}

function send(stream: Stream, snapshot: RuntimeSnapshot): void {
  const { response, tenantId, sentRevision } = stream;
  if (response.destroyed || snapshot.revision <= sentRevision) return;
  if (response.writableLength > maxBufferedBytes) {
    response.destroy();
    return;
  }
  stream.sentRevision = snapshot.revision;
  const data = JSON.stringify(restrictTo(tenantId, snapshot));
  response.write(`event: snapshot\nid: ${snapshot.revision}\ndata: ${data}\n\n`);
}
