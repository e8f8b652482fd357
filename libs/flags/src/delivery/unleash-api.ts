import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { InvalidInputError, NotFoundError, toPublicError, type Logger } from '#platform';
import { validateTokens } from './edge-validate.js';
import { deltaPath, FeaturesEndpoint, featuresPath } from './features-endpoint.js';
import { FetchModes } from './fetch-modes.js';
import { readContext } from './flag-context.js';
import { metricsBucket, metricsCount, type FlagMetrics } from './flag-metrics.js';
import type { FlagFeed } from './flag-feed.js';
import { FlagStreams, streamingPath } from './flag-streams.js';
import { frontendAnswer } from './frontend-api.js';
import { ofrepEvaluate, ofrepEvaluateAll } from './ofrep.js';
import { etagMatches } from './payload.js';
import { staleHeader } from './raw-answer.js';
import type { InstanceReceipts } from '../receipts/instance-receipts.js';
import { secretOf, type SdkAccess } from './sdk-access.js';

export interface UnleashApiDependencies {
  access: SdkAccess;
  feed: FlagFeed;
  metrics: FlagMetrics;
  receipts: InstanceReceipts;
  logger: Logger;
  /** Whether SDKs with default settings are told to stream; if not, those that stream are told to poll. */
  offerStreaming: boolean;
}

/** The version of Unleash whose client protocol is spoken, as SDKs expect it in `X-Unleash-Version`. */
const unleashVersion = '7.5.1';

/**
 * Serves the protocols of the flag SDKs on a Fastify instance. Call it before Nest starts to listen: the polls of
 * `/api/client/features` are then answered before anything of Nest sees them.
 */
export function registerUnleashApi(fastify: FastifyInstance, dependencies: UnleashApiDependencies): void {
  const { access, feed, receipts, logger } = dependencies;
  const modes = new FetchModes(dependencies.offerStreaming);
  const features = new FeaturesEndpoint(access, modes, receipts, logger);
  const streams = new FlagStreams(access, receipts, logger, dependencies.offerStreaming);
  const unfollow = feed.onAccessChange(inTurn(() => streams.recheck()));
  beforeFastify(fastify, (request, response) => {
    const { url = '', method } = request;
    if (method !== 'GET' || !url.startsWith('/api/client/')) return false;
    if (isPath(url, featuresPath) || isPath(url, deltaPath)) features.handle(request, response);
    else if (isPath(url, streamingPath)) void streams.handle(request, response);
    else return false;
    return true;
  });
  fastify.addHook('preClose', (done) => {
    unfollow();
    streams.close();
    done();
  });
  fastify.register((instance, _options, done) => {
    instance.setErrorHandler((error, _request, reply) => refuse(error, reply, dependencies.logger));
    clientApi(instance, dependencies);
    frontendApi(instance, dependencies);
    ofrepApi(instance, dependencies);
    done();
  });
}

/**
 * Lets a handler have requests before Fastify sees them, and makes nothing for those that it takes: thousands of open
 * streams and polls each cost what Node needs for them and no more.
 */
function beforeFastify(
  { server }: FastifyInstance,
  handle: (request: IncomingMessage, response: ServerResponse) => boolean,
): void {
  const listeners = server.listeners('request') as ((...args: unknown[]) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (handle(request, response)) return;
    for (const listener of listeners) listener.call(server, request, response);
  });
}

function isPath(url: string, path: string): boolean {
  return url.startsWith(path) && (url.length === path.length || url[path.length] === '?');
}

/** Many calls while one runs are one more run. */
function inTurn(work: () => Promise<void>): () => void {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await work();
    } while (again);
  };
  return () => {
    again = true;
    running ??= run().finally(() => (running = undefined));
  };
}

const reportBody = z.looseObject({ bucket: metricsBucket.nullish() });
const bulkBody = z.looseObject({
  metrics: z
    .array(
      z.looseObject({
        featureName: z.string().max(200),
        environment: z.string(),
        yes: metricsCount,
        no: metricsCount,
      }),
    )
    .max(10_000)
    .nullish(),
});

function clientApi(fastify: FastifyInstance, { access, metrics }: UnleashApiDependencies): void {
  const grantOf = (request: FastifyRequest) =>
    access.grant(secretOf(request.headers.authorization), ['CLIENT']);

  fastify.get<{ Params: { name: string } }>(`${featuresPath}/:name`, async (request) => {
    const json = (await grantOf(request)).view().feature(request.params.name);
    if (json === undefined) throw new NotFoundError('flag', request.params.name);
    return JSON.parse(json) as unknown;
  });
  fastify.post('/edge/validate', (request) =>
    validateTokens(access, request.body).then((tokens) => ({ tokens })),
  );
  fastify.post('/api/client/register', async (request, reply) => {
    await grantOf(request);
    return reply.code(202).header('X-Unleash-Version', unleashVersion).send();
  });
  fastify.post('/api/client/metrics', async (request, reply) => {
    const { feed } = await grantOf(request);
    const { bucket } = parse(reportBody, request.body);
    if (bucket) metrics.count(feed.environment, bucket);
    return reply.code(202).send();
  });
  fastify.post('/api/client/metrics/bulk', async (request, reply) => {
    const { feed } = await grantOf(request);
    for (const { featureName, environment, yes, no } of parse(bulkBody, request.body).metrics ?? []) {
      // A token speaks for its own environment alone.
      if (environment === feed.environment)
        metrics.count(environment, { toggles: { [featureName]: { yes, no } } });
    }
    return reply.code(202).send();
  });
}

function frontendApi(fastify: FastifyInstance, { access, metrics }: UnleashApiDependencies): void {
  const grantOf = (request: FastifyRequest) =>
    access.grant(secretOf(request.headers.authorization), ['FRONTEND']);

  const answer = async (request: FastifyRequest, reply: FastifyReply, sent: unknown) => {
    const grant = await grantOf(request);
    const { body, etag } = frontendAnswer(grant, readContext(sent, grant));
    void allowOrigins(request, reply).headers(staleHeader(grant.feed));
    void reply.header('etag', etag).header('cache-control', 'no-cache');
    if (etagMatches(request.headers['if-none-match'], etag)) return reply.code(304).send();
    return reply.header('content-type', 'application/json; charset=utf-8').send(body);
  };
  const report = async (request: FastifyRequest, reply: FastifyReply) => {
    const { feed } = await grantOf(request);
    const { bucket } = parse(reportBody, request.body);
    if (bucket) metrics.count(feed.environment, bucket);
    return allowOrigins(request, reply).code(202).send();
  };
  const register = async (request: FastifyRequest, reply: FastifyReply) => {
    await grantOf(request);
    return allowOrigins(request, reply).code(202).send();
  };

  fastify.get('/api/frontend', (request, reply) =>
    answer(request, reply, queryContext(new URL(request.url, 'http://localhost').searchParams)),
  );
  fastify.post('/api/frontend', (request, reply) =>
    answer(request, reply, (request.body as { context?: unknown } | null)?.context),
  );
  for (const prefix of ['/api/frontend/client', '/api/frontend']) {
    fastify.post(`${prefix}/metrics`, report);
    fastify.post(`${prefix}/register`, register);
  }
  preflight(fastify, ['/api/frontend', '/api/frontend/*']);
}

function ofrepApi(fastify: FastifyInstance, { access }: UnleashApiDependencies): void {
  const grantOf = (request: FastifyRequest) => {
    const key = request.headers['x-api-key'];
    const secret = secretOf(request.headers.authorization) ?? (typeof key === 'string' ? key : undefined);
    return access.grant(secret, ['CLIENT', 'FRONTEND']);
  };
  fastify.post<{ Params: { key: string } }>('/ofrep/v1/evaluate/flags/:key', async (request, reply) => {
    const grant = await grantOf(request);
    const { status, body } = ofrepEvaluate(grant, request.params.key, request.body);
    return allowOrigins(request, reply).code(status).send(body);
  });
  fastify.post('/ofrep/v1/evaluate/flags', async (request, reply) => {
    const grant = await grantOf(request);
    const { status, body, etag } = ofrepEvaluateAll(grant, request.body);
    void allowOrigins(request, reply).headers(staleHeader(grant.feed));
    if (etag) void reply.header('etag', etag);
    if (etag && etagMatches(request.headers['if-none-match'], etag)) return reply.code(304).send();
    return reply.code(status).send(body);
  });
  preflight(fastify, ['/ofrep/v1/evaluate/flags', '/ofrep/v1/evaluate/flags/*']);
}

/** `properties[branch]=northwind/seattle` and plain fields, as the frontend SDKs write a context into a query. */
function queryContext(query: URLSearchParams): Record<string, unknown> {
  const properties: Record<string, string> = {};
  const context: Record<string, unknown> = { properties };
  for (const [name, value] of query) {
    const property = /^properties\[(.+)\]$/.exec(name)?.[1];
    if (property) properties[property] = value;
    else context[name] = value;
  }
  return context;
}

/** Browsers on any page may ask: the token is the only credential, and no cookie is involved. */
function allowOrigins(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.headers.origin === undefined) return reply;
  return reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', 'ETag');
}

function preflight(fastify: FastifyInstance, paths: readonly string[]): void {
  for (const path of paths) {
    fastify.options(path, (request, reply) =>
      reply
        .code(204)
        .header('access-control-allow-origin', '*')
        .header('access-control-allow-methods', 'GET, POST, OPTIONS')
        .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
        .header('access-control-max-age', '86400')
        .send(),
    );
  }
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new InvalidInputError(`${field || 'body'}: ${issue?.message ?? 'invalid'}`, { field });
}

function refuse(error: unknown, reply: FastifyReply, logger: Logger): FastifyReply {
  const status = (error as { statusCode?: unknown }).statusCode;
  // Fastify's own refusals: a body that is no JSON, too large, or of another type.
  const known =
    typeof status === 'number' && status >= 400 && status < 500
      ? { httpStatus: status, code: 'BAD_REQUEST', message: (error as Error).message }
      : toPublicError(error);
  if (known.httpStatus >= 500) logger.error({ err: error }, 'flag request failed');
  if (known.httpStatus === 503) void reply.header('retry-after', '1');
  allowOrigins(reply.request, reply);
  return reply
    .code(known.httpStatus)
    .send({ name: known.code, message: known.message, details: [{ message: known.message }] });
}
