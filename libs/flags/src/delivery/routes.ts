import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { InvalidInputError, toPublicError, type Logger } from '#platform';
import type { InstanceReceipts } from '../receipts/instance-receipts.js';
import type { FlagFeed } from './flag-feed.js';
import type { FlagMetrics, MetricsSource } from './flag-metrics.js';
import type { SdkAccess, SdkGrant } from './sdk-access.js';

export interface UnleashApiDependencies {
  access: SdkAccess;
  feed: FlagFeed;
  metrics: FlagMetrics;
  receipts: InstanceReceipts;
  logger: Logger;
  /** Whether SDKs with default settings are told to stream; if not, those that stream are told to poll. */
  offerStreaming: boolean;
}

/** Who reports metrics with a token. */
export function sourceOf({ tokenId, feed }: SdkGrant): MetricsSource {
  return { tokenId, environment: feed.environment, knows: (flag) => feed.flags.has(flag) };
}

/** Browsers on any page may ask: the token is the only credential, and no cookie is involved. */
export function allowOrigins(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.headers.origin === undefined) return reply;
  return reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', 'ETag');
}

export function preflight(fastify: FastifyInstance, paths: readonly string[]): void {
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

/** @throws InvalidInputError INVALID_INPUT with the path of what is wrong. */
export function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new InvalidInputError(`${field || 'body'}: ${issue?.message ?? 'invalid'}`, { field });
}

/** Answers with an error in Unleash's form. */
export function refuse(error: unknown, reply: FastifyReply, logger: Logger): FastifyReply {
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
