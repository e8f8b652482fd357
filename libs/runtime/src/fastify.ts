import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from './admission.js';
import { RuntimeError } from './errors.js';
import type { TierdeckRuntime } from './runtime.js';
import type { RuntimeTenant } from './tenant.js';

interface Admitted {
  tenant: RuntimeTenant;
  admission?: Admission;
  /** Aborted when the client went away before it was answered. */
  left: AbortController;
}

const admitted = new WeakMap<FastifyRequest['raw'], Admitted>();

/** The tenant of an admitted request. @throws Error if the route is not under {@link admitTenants}. */
export function tenantOf(request: { raw: FastifyRequest['raw'] }): RuntimeTenant {
  const entry = admitted.get(request.raw);
  if (!entry) throw new Error('The route is not among those that admitTenants guards.');
  return entry.tenant;
}

/**
 * Puts the routes of a Fastify instance (also Nest's) behind the runtime: the bearer token names the tenant, the rate
 * is charged before the body is read, a slot is held from the handler to the end of the answer. Answers carry the
 * RateLimit headers; a refusal is answered here, as {@link refusalBody}.
 * @param guards which requests are of tenants; health checks are not.
 */
export function admitTenants(
  fastify: FastifyInstance,
  runtime: TierdeckRuntime,
  guards: (request: FastifyRequest) => boolean = () => true,
): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!guards(request)) return done();
    let tenant: RuntimeTenant;
    try {
      tenant = runtime.authenticate(request.headers.authorization);
      runtime.admissions.charge(tenant);
    } catch (error) {
      if (!(error instanceof RuntimeError)) return done(error as Error);
      refuse(reply, error);
      return;
    }
    const entry: Admitted = { tenant, left: new AbortController() };
    admitted.set(request.raw, entry);
    reply.raw.once('close', () => {
      if (reply.sent) entry.admission?.release();
      else entry.left.abort(new Error('the client went away'));
    });
    done();
  });
  fastify.addHook('preHandler', async (request, reply) => {
    const entry = admitted.get(request.raw);
    if (!entry) return;
    try {
      entry.admission = await runtime.admissions.enter(entry.tenant, entry.left.signal);
    } catch (error) {
      return refuse(reply, error);
    }
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const entry = admitted.get(request.raw);
    if (entry) {
      reply.headers(runtime.rateLimitHeaders(entry.tenant));
      // A handler that works on for a client that left keeps its slot until here; no onResponse follows.
      if (entry.left.signal.aborted) entry.admission?.release();
    }
    done(null, payload);
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    admitted.get(request.raw)?.admission?.release();
    done();
  });
}

/** Body of every refusal. */
export function refusalBody({ code, message, hint }: RuntimeError): object {
  return { error: { code, message, ...(hint === undefined ? {} : { hint }) } };
}

/** @throws the error itself if it is no refusal. */
function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof RuntimeError)) throw error;
  return reply
    .code(error.httpStatus)
    .headers(error.headers)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(refusalBody(error)));
}
