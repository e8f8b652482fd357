import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Logger } from '#platform';
import { featureFilter, knowsSegments } from './client-query.js';
import { hashOf, type FeedView } from './feed-view.js';
import { FilteredPayloads } from './filtered-payloads.js';
import type { FetchModes } from './fetch-modes.js';
import { etagMatches, stateOf, type Payload, type State } from './payload.js';
import { acceptsGzip, refuseRaw, staleHeader, vary } from './raw-answer.js';
import { instanceOf } from '../receipts/instance.js';
import type { InstanceReceipts } from '../receipts/instance-receipts.js';
import { secretOf, type SdkAccess, type SdkGrant } from './sdk-access.js';

export const featuresPath = '/api/client/features';
export const deltaPath = '/api/client/delta';

/**
 * `GET /api/client/features` and `/delta`, straight on Node's request and response: bytes made once per change, found
 * by token. The path from request to bytes waits for nothing once the token is known.
 */
export class FeaturesEndpoint {
  readonly #filtered = new FilteredPayloads();

  constructor(
    private readonly access: SdkAccess,
    private readonly modes: FetchModes,
    private readonly receipts: InstanceReceipts,
    private readonly logger: Logger,
  ) {}

  handle(request: IncomingMessage, response: ServerResponse): void {
    try {
      const grant = this.access.peek(secretOf(request.headers.authorization), ['CLIENT']);
      if (grant && !isBehind(request, grant, grant.view())) this.#answer(request, response, grant);
      else void this.#handleLater(request, response);
    } catch (error) {
      refuseRaw(response, error, this.logger);
    }
  }

  async #handleLater(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const secret = secretOf(request.headers.authorization);
      let grant = await this.access.grant(secret, ['CLIENT']);
      const known = stateOf(request.headers['if-none-match']);
      // The SDK has seen a newer state from another replica: catch up before answering.
      if (known && isBehind(request, grant, grant.view())) {
        await grant.feed.catchUpTo(known.revision);
        grant = await this.access.renewed(grant, secret, ['CLIENT']);
      }
      this.#answer(request, response, grant);
    } catch (error) {
      refuseRaw(response, error, this.logger);
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse, grant: SdkGrant): void {
    const { url = '', headers } = request;
    const question = url.indexOf('?');
    const filter = featureFilter(question < 0 ? undefined : url.slice(question + 1));
    const inline = !knowsSegments(headers['unleash-client-spec']);
    const view = grant.view();
    const known = stateOf(headers['if-none-match']);
    // Still behind after catching up: an SDK keeps what it has rather than going back.
    const behind = isBehind(request, grant, view);
    if (known) this.#note(request, grant, known);
    if (url.startsWith(deltaPath)) {
      const events = known && view.eventsSince(known.id, filter);
      if (behind || events?.length === 0) return notModified(response, newer(known, `"${view.id}"`), grant);
      if (!events && !filter)
        return sendPayload(request, response, view.hydrationPayload(), staleHeader(grant.feed));
      const body = `{"events":[${(events ?? [view.hydration(filter)]).join(',')}]}`;
      return send(response, Buffer.from(body), { ...staleHeader(grant.feed), etag: `"${view.id}"`, vary });
    }
    // The answer that told it to stream was dropped: what it names as known, it does not have.
    const dropped = this.modes.comesBack(headers);
    const filtered = filter && this.#filtered.get(grant, view, filter, inline);
    const etag = filtered?.etag ?? `"${view.id}"`;
    const unchanged = known
      ? hashOf(known.id) === hashOf(etag.slice(1))
      : etagMatches(headers['if-none-match'], etag);
    if (behind || (unchanged && !dropped)) return notModified(response, newer(known, etag), grant);
    const offer = !filter && this.modes.offer(headers);
    sendPayload(request, response, filtered ?? (inline ? view.inlinedPayload() : view.payload()), {
      ...staleHeader(grant.feed),
      ...(offer ? { 'fetch-mode': 'streaming' } : {}),
    });
  }

  /** What an SDK names as known it has applied; if that is what holds now, it has everything up to now. */
  #note({ headers, url = '' }: IncomingMessage, grant: SdkGrant, known: State): void {
    const instance = instanceOf(headers);
    if (!instance) return;
    const { feed, tenantId } = grant;
    const isCurrent = hashOf(known.id) === hashOf(grant.view().id);
    this.receipts.note(feed.environment, {
      ...instance,
      mode: url.startsWith(deltaPath) ? 'DELTA' : 'POLLING',
      tenantId,
      appliedRevision: isCurrent ? feed.revision : Math.min(known.revision, feed.revision),
    });
  }
}

/** Whether the SDK has seen a state that is not here yet. */
function isBehind({ headers }: IncomingMessage, { feed }: SdkGrant, view: FeedView): boolean {
  const known = stateOf(headers['if-none-match']);
  return known !== undefined && known.revision > feed.revision && hashOf(known.id) !== hashOf(view.id);
}

/** Whoever keeps what it has keeps the newer name of it, too: caches take over the ETag of a 304. */
function newer(known: State | undefined, etag: string): string {
  return known && known.revision > (stateOf(etag)?.revision ?? -1) ? `"${known.id}"` : etag;
}

function notModified(response: ServerResponse, etag: string, { feed }: SdkGrant): void {
  response.writeHead(304, { ...staleHeader(feed), etag, vary });
  response.end();
}

function sendPayload(
  request: IncomingMessage,
  response: ServerResponse,
  payload: Payload,
  headers: Record<string, string>,
): void {
  const gzip = acceptsGzip(request.headers['accept-encoding']);
  const body = gzip ? payload.gzip : payload.identity();
  const encoding: Record<string, string> = gzip ? { 'content-encoding': 'gzip' } : {};
  send(response, body, { ...headers, ...encoding, etag: payload.etag, vary });
}

function send(response: ServerResponse, body: Buffer, headers: Record<string, string>): void {
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    ...headers,
    'cache-control': 'no-cache',
  });
  response.end(body);
}
