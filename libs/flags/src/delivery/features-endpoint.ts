import type { IncomingMessage, ServerResponse } from 'node:http';
import { toPublicError, type Logger } from '#platform';
import { etagMatches, makePayloadNow, revisionOfEtag, type Payload } from './payload.js';
import { secretOf, type SdkAccess, type SdkGrant } from './sdk-access.js';

/** Semantic version 2.0.0, as the SDKs write their client spec; a leading `v` is not one. */
const semver = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

export const featuresPath = '/api/client/features';

/**
 * `GET /api/client/features`, straight on Node's request and response: bytes made once per revision, found by token.
 * The path from request to bytes waits for nothing once the token is known.
 */
export class FeaturesEndpoint {
  constructor(
    private readonly access: SdkAccess,
    private readonly logger: Logger,
  ) {}

  handle(request: IncomingMessage, response: ServerResponse): void {
    try {
      const grant = this.access.peek(secretOf(request.headers.authorization), ['CLIENT']);
      if (grant && !this.#behind(request, grant)) this.#answer(request, response, grant);
      else void this.#handleLater(request, response);
    } catch (error) {
      this.#refuse(response, error);
    }
  }

  async #handleLater(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const grant = await this.access.grant(secretOf(request.headers.authorization), ['CLIENT']);
      // The SDK has seen a newer state from another replica: catch up before answering.
      if (this.#behind(request, grant)) await grant.feed.catchUp().catch(() => undefined);
      this.#answer(request, response, grant);
    } catch (error) {
      this.#refuse(response, error);
    }
  }

  #behind(request: IncomingMessage, grant: SdkGrant): boolean {
    const seen = revisionOfEtag(request.headers['if-none-match'] ?? '');
    return seen !== undefined && seen > grant.feed.revision;
  }

  #answer(request: IncomingMessage, response: ServerResponse, grant: SdkGrant): void {
    const spec = request.headers['unleash-client-spec'];
    if (spec !== undefined && (typeof spec !== 'string' || !semver.test(spec))) {
      sendProblem(response, 400, 'BAD_REQUEST', 'Unleash-Client-Spec must be a semantic version.');
      return;
    }
    const payload = this.#select(request, grant);
    const asked = request.headers['if-none-match'];
    // Still behind after catching up: an SDK keeps what it has rather than going back.
    if (etagMatches(asked, payload.etag) || this.#behind(request, grant)) {
      response.writeHead(304, { etag: payload.etag, vary });
      response.end();
      return;
    }
    const gzip = acceptsGzip(request.headers['accept-encoding']);
    const body = gzip ? payload.gzip : payload.identity();
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': body.length,
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
      etag: payload.etag,
      vary,
      'cache-control': 'no-cache',
    });
    response.end(body);
  }

  #select(request: IncomingMessage, { feed, tenant }: SdkGrant): Payload {
    const whole = tenant ? feed.tenantPayload(tenant) : feed.payload;
    if (!whole) throw new Error('The feed was granted before it was loaded.');
    const query = request.url?.slice(featuresPath.length + 1);
    if (!query) return whole;
    const filter = new URLSearchParams(query);
    const project = filter.getAll('project');
    const prefix = filter.get('namePrefix') ?? '';
    const features = [...feed.flags.values()]
      .filter(
        ({ flag, feature }) =>
          flag.key.startsWith(prefix) &&
          (project.length === 0 || project.includes('*') || project.includes(feature.project)) &&
          // Flags carry no tags, so whoever asks for one gets none.
          !filter.has('tag'),
      )
      .map((flag) => (tenant ? flag.jsonFor(tenant) : flag.json));
    if (features.length === feed.flags.size) return whole;
    return makePayloadNow({ environment: feed.environment, revision: feed.revision, features });
  }

  #refuse(response: ServerResponse, error: unknown): void {
    const { httpStatus, code, message } = toPublicError(error);
    if (httpStatus >= 500) this.logger.error({ err: error }, 'features cannot be served');
    sendProblem(response, httpStatus, code, message);
  }
}

const vary = 'Accept-Encoding, Authorization';

function acceptsGzip(header: string | string[] | undefined): boolean {
  return typeof header === 'string' && /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(header);
}

function sendProblem(response: ServerResponse, status: number, name: string, message: string): void {
  const body = JSON.stringify({ name, message, details: [{ message }] });
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  });
  response.end(body);
}
