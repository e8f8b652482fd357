import type { ServerResponse } from 'node:http';
import { toPublicError, type Logger } from '#platform';
import type { EnvironmentFeed } from './environment-feed.js';

/** What an answer depends on, for caches on the way. */
export const vary = 'Accept-Encoding, Authorization';

/** Says since when changes cannot be read, while that is so: the last state is served, marked. */
export function staleHeader({ staleSince }: EnvironmentFeed): Record<string, string> {
  return staleSince ? { 'tierdeck-stale-since': staleSince.toISOString() } : {};
}

export function acceptsGzip(header: string | string[] | undefined): boolean {
  return typeof header === 'string' && /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(header);
}

/** Answers with an error in Unleash's form. */
export function refuseRaw(response: ServerResponse, error: unknown, logger: Logger): void {
  const { httpStatus, code, message } = toPublicError(error);
  if (httpStatus >= 500) logger.error({ err: error }, 'flags cannot be served');
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({ name: code, message, details: [{ message }] });
  response.writeHead(httpStatus, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(httpStatus === 503 || httpStatus === 429 ? { 'retry-after': '1' } : {}),
  });
  response.end(body);
}
