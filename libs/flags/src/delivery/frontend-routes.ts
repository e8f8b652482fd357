import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { reportBody } from './client-routes.js';
import { decisionsFor, type Decider } from './decisions.js';
import { readContext } from './flag-context.js';
import { frontendAnswer } from './frontend-api.js';
import { staleHeader } from './raw-answer.js';
import { allowOrigins, parse, preflight, sourceOf, type UnleashApiDependencies } from './routes.js';
import { secretOf } from './sdk-access.js';

/** `/api/frontend`: what is on for a context. */
export function frontendRoutes(fastify: FastifyInstance, { access, metrics }: UnleashApiDependencies): void {
  const secret = (request: FastifyRequest) => secretOf(request.headers.authorization);
  const grantOf = (request: FastifyRequest) => access.grant(secret(request), ['FRONTEND']);

  const answer = async (request: FastifyRequest, reply: FastifyReply, sent: unknown) => {
    const grant = await grantOf(request);
    const decider: Decider = {
      grant,
      context: (of) => readContext(sent, of),
      decide: frontendAnswer,
      renewed: () => access.renewed(grant, secret(request), ['FRONTEND']),
    };
    const { body, etag, unchanged } = await decisionsFor(decider, request.headers['if-none-match']);
    void allowOrigins(request, reply).headers(staleHeader(grant.feed));
    // Weak: equal decisions, not equal bytes.
    void reply.header('etag', `W/${etag}`).header('cache-control', 'no-cache');
    if (unchanged) return reply.code(304).send();
    return reply.header('content-type', 'application/json; charset=utf-8').send(body);
  };
  const report = async (request: FastifyRequest, reply: FastifyReply) => {
    const source = sourceOf(await grantOf(request));
    const { bucket } = parse(reportBody, request.body);
    if (bucket) metrics.count(source, bucket);
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
