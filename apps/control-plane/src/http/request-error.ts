import { postgresCode, type PublicError } from '#platform';
import { maxBodyBytes, maxGraphqlBytes } from '../graphql/limits.js';

/**
 * A refusal of Fastify or Mercurius before any handler saw the request, or of PostgreSQL for a text of the caller's; their own
 * texts speak of their inside.
 * @returns undefined if the error is not the caller's fault.
 */
export function requestError(error: unknown): PublicError | undefined {
  if (isUnstorableText(error)) {
    const message = 'A text has a character that cannot be kept: U+0000, or half a surrogate pair.';
    return { code: 'INVALID_INPUT', message, httpStatus: 400 };
  }
  const { statusCode } = error as { statusCode?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return undefined;
  if (statusCode === 413) {
    const message = `A request may have at most ${maxBodyBytes} bytes; one to /graphql with a valid token ${maxGraphqlBytes}.`;
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

/** SQLSTATEs of U+0000 in text and in JSON; JSON with half a surrogate pair has that of any broken JSON. */
function isUnstorableText(error: unknown): boolean {
  const code = postgresCode(error);
  if (code !== '22P02') return code === '22021' || code === '22P05';
  const { detail } = (error as { driverError?: { detail?: unknown } }).driverError ?? {};
  return typeof detail === 'string' && detail.includes('surrogate');
}
