import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '#platform';
import type { EnvironmentFeed } from './environment-feed.js';
import { FlagStream } from './flag-stream.js';
import { instanceOf } from '../receipts/instance.js';
import type { InstanceReceipts } from '../receipts/instance-receipts.js';
import { refuseRaw, staleHeader } from './raw-answer.js';
import { FrameCache } from './stream-frame.js';
import { SdkAccessError, secretOf, type SdkAccess, type SdkGrant } from './sdk-access.js';

export const streamingPath = '/api/client/streaming';

/** SDKs take a stream for dead after 60 s without a byte, in milliseconds. */
const keepAliveMs = 15_000;

/**
 * Beyond `all` a replica is full: the SDK is answered 429 and polls. Of these, tokens of one tenant may hold some, and
 * one token of all tenants, so that nobody keeps the others out.
 */
const maxStreams = { all: 20_000, tenant: 5_000, token: 15_000 };

/** Open streams of flags. A change is written to those alone that would see something else. */
export class FlagStreams {
  readonly #streams = new Map<EnvironmentFeed, Set<FlagStream>>();
  readonly #unfollow: (() => void)[] = [];
  readonly #frames = new FrameCache();
  readonly #timer: NodeJS.Timeout;
  #count = 0;
  readonly #held = new Map<string, number>();
  #closed = false;

  constructor(
    private readonly access: SdkAccess,
    private readonly receipts: InstanceReceipts,
    private readonly logger: Logger,
    /** Whether SDKs should stream; if not, those that come are served, and asked to poll. */
    private readonly wanted: boolean,
    private readonly most = maxStreams,
  ) {
    this.#timer = setInterval(() => this.#keepAlive(), keepAliveMs).unref();
    this.#unfollow.push(receipts.addSource(() => this.#noteReceipts()));
  }

  get count(): number {
    return this.#count;
  }

  /** Answers `GET /api/client/streaming`. Reconnects bring `last-event-id`, and no query: the token alone narrows. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const secret = secretOf(request.headers.authorization);
      const grant = await this.access.grant(secret, ['CLIENT']);
      if (this.#count >= this.most.all || this.#closed || this.#floods(grant))
        throw new SdkAccessError('TOO_MANY_STREAMS', 'This replica holds no more streams; poll.', 429);
      this.#open(request, response, grant, secret ?? '');
    } catch (error) {
      refuseRaw(response, error, this.logger);
    }
  }

  /** Looks again at what the tokens open: one may have been revoked, or its tenant have moved to another tier. */
  async recheck(): Promise<void> {
    const bySecret = new Map<string, FlagStream[]>();
    for (const streams of this.#streams.values())
      for (const stream of streams)
        if (!bySecret.get(stream.client.secret)?.push(stream)) bySecret.set(stream.client.secret, [stream]);
    const grants = await Promise.all(
      [...bySecret.keys()].map((secret) =>
        this.access.grant(secret, ['CLIENT']).catch((error: unknown) => error),
      ),
    );
    for (const [index, streams] of [...bySecret.values()].entries()) {
      const grant = grants[index];
      for (const stream of streams) {
        if (grant instanceof SdkAccessError) {
          // A fault that passes ends nothing.
          if (grant.httpStatus === 401 || grant.httpStatus === 403) stream.end();
        } else if (!(grant instanceof Error)) {
          const found = grant as SdkGrant;
          stream.bring(found.feed.revision, found.view(), this.#frames);
        }
      }
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const unfollow of this.#unfollow) unfollow();
    for (const streams of this.#streams.values()) for (const stream of streams) stream.end();
  }

  #open(request: IncomingMessage, response: ServerResponse, grant: SdkGrant, secret: string): void {
    const streams = this.#streamsOf(grant.feed);
    const last = request.headers['last-event-id'];
    const stream = new FlagStream(
      response,
      grant.view(),
      { secret, tenantId: grant.tenantId, instance: instanceOf(request.headers) },
      typeof last === 'string' ? last : undefined,
    );
    request.socket.setNoDelay(true);
    request.socket.setTimeout(0);
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      ...staleHeader(grant.feed),
    });
    streams.add(stream);
    this.#count += 1;
    this.#countOf(grant, 1);
    response.once('close', () => {
      if (!streams.delete(stream)) return;
      this.#count -= 1;
      this.#countOf(grant, -1);
      const { instance } = stream.client;
      if (instance) this.receipts.left(grant.feed.environment, { ...instance, tenantId: grant.tenantId });
    });
    response.on('error', () => response.destroy());
    response.flushHeaders();
    stream.bring(grant.feed.revision, stream.view, this.#frames);
    if (!this.wanted) stream.tellToPoll();
  }

  #floods({ tenantId, tokenId }: SdkGrant): boolean {
    const most = tenantId === null ? this.most.token : this.most.tenant;
    return (this.#held.get(tenantId ?? tokenId) ?? 0) >= most;
  }

  #countOf({ tenantId, tokenId }: SdkGrant, by: 1 | -1): void {
    const holder = tenantId ?? tokenId;
    const count = (this.#held.get(holder) ?? 0) + by;
    if (count > 0) this.#held.set(holder, count);
    else this.#held.delete(holder);
  }

  #streamsOf(feed: EnvironmentFeed): Set<FlagStream> {
    let streams = this.#streams.get(feed);
    if (!streams) {
      const fresh = new Set<FlagStream>();
      this.#streams.set(feed, (streams = fresh));
      this.#unfollow.push(feed.follow(() => this.#send(feed, fresh)));
    }
    return streams;
  }

  #send(feed: EnvironmentFeed, streams: ReadonlySet<FlagStream>): void {
    for (const stream of streams) {
      const { view } = stream;
      view.catchUp();
      stream.bring(feed.revision, view, this.#frames);
    }
  }

  /** A stream that is in step and whose bytes have all left has everything up to the feed's revision. */
  #noteReceipts(): void {
    for (const [feed, streams] of this.#streams)
      for (const stream of streams) {
        const { instance, tenantId } = stream.client;
        const appliedRevision = stream.delivered(feed.revision);
        if (!instance || appliedRevision === undefined) continue;
        this.receipts.note(feed.environment, { ...instance, mode: 'STREAMING', tenantId, appliedRevision });
      }
  }

  #keepAlive(): void {
    for (const streams of this.#streams.values()) for (const stream of streams) stream.comment();
  }
}
