import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decisionsFor, type Decider } from './decisions.js';
import { ofrepContext, ofrepFlag, ofrepFlags } from './ofrep.js';
import { staleHeader } from './raw-answer.js';
import { allowOrigins, preflight, type UnleashApiDependencies } from './routes.js';
import { secretOf } from './sdk-access.js';

/** `/ofrep/v1`: the OpenFeature remote evaluation protocol. */
export function ofrepRoutes(fastify: FastifyInstance, { access }: UnleashApiDependencies): void {
  const kinds = ['CLIENT', 'FRONTEND'] as const;
  const secret = ({ headers }: FastifyRequest) => {
    const key = headers['x-api-key'];
    return secretOf(headers.authorization) ?? (typeof key === 'string' ? key : undefined);
  };
  const grantOf = (request: FastifyRequest) => access.grant(secret(request), kinds);
  fastify.post<{ Params: { key: string } }>('/ofrep/v1/evaluate/flags/:key', async (request, reply) => {
    const grant = await grantOf(request);
    const { status, body } = ofrepFlag(grant, request.params.key, request.body);
    return allowOrigins(request, reply).headers(staleHeader(grant.feed)).code(status).send(body);
  });
  fastify.post('/ofrep/v1/evaluate/flags', async (request, reply) => {
    const grant = await grantOf(request);
    const { context, problem } = ofrepContext(grant, request.body);
    void allowOrigins(request, reply).headers(staleHeader(grant.feed));
    if (!context) return reply.code(400).send(problem);
    const decider: Decider = {
      grant,
      context: (of) => (of === grant ? undefined : ofrepContext(of, request.body).context) ?? context,
      decide: ofrepFlags,
      renewed: () => access.renewed(grant, secret(request), kinds),
    };
    const { body, etag, unchanged } = await decisionsFor(decider, request.headers['if-none-match']);
    void reply.header('etag', etag);
    if (unchanged) return reply.code(304).send();
    return reply.header('content-type', 'application/json; charset=utf-8').send(body);
  });
  preflight(fastify, ['/ofrep/v1/evaluate/flags', '/ofrep/v1/evaluate/flags/*']);
}
