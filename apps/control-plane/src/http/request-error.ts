import type { PublicError } from '#platform';
import { maxBodyBytes } from '../graphql/limits.js';

/**
 * A refusal of Fastify or Mercurius before any handler saw the request; their own texts speak of their inside.
 * @returns undefined if the error is not the caller's fault.
 */
export function requestError(error: unknown): PublicError | undefined {
  const { statusCode } = error as { statusCode?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return undefined;
  if (statusCode === 413) {
    const message = `A request may have at most ${maxBodyBytes} bytes.`;
    return { code: 'BODY_TOO_LARGE', message, httpStatus: statusCode };
  }
  if (statusCode === 415) {
    return { code: 'CONTENT_TYPE_UNSUPPORTED', message: 'Send application/json.', httpStatus: statusCode };
  }
  return {
    code: 'BODY_INVALID',
    message: 'The body is not what this address takes.',
    httpStatus: statusCode,
  };
}
