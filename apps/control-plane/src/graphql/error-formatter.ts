import { GraphQLError, type ExecutionResult, type GraphQLFormattedError } from 'graphql';
import { TierdeckError, toPublicError, type Logger } from '#platform';
import { requestError } from '../http/request-error.js';

export interface FormattedExecution {
  statusCode: number;
  response: { data: unknown; errors: GraphQLFormattedError[] };
}

interface ErrorAndStatus {
  status: number;
  formatted: GraphQLFormattedError;
}

/**
 * What a caller sees of an error: code, message, mend, path. Anything unexpected is logged whole and answered as
 * INTERNAL, so that no stack, SQL or secret leaves the process. The HTTP status is that of the first error when the
 * answer has no data.
 */
export function errorFormatter(logger: Logger) {
  return (execution: ExecutionResult & { statusCode?: number }): FormattedExecution => {
    const errors = (execution.errors ?? []).flatMap(expand).map((error) => format(error, logger));
    const data = execution.data ?? null;
    const empty = data === null || Object.values(data).every((value) => value === null);
    return {
      statusCode: empty ? (errors[0]?.status ?? 200) : 200,
      response: { data, errors: errors.map(({ formatted }) => formatted) },
    };
  };
}

/** The same for what ends a subscription, which Mercurius sends as it is. */
export function publicGraphqlError(cause: unknown, logger: Logger): GraphQLError {
  const error =
    cause instanceof GraphQLError
      ? cause
      : new GraphQLError('', { originalError: cause instanceof Error ? cause : new Error(String(cause)) });
  const { message, extensions = {} } = format(error, logger).formatted;
  return new GraphQLError(message, { extensions });
}

/** Mercurius wraps validation errors in one error with a list. */
function expand(error: GraphQLError): GraphQLError[] {
  const inner =
    (error.originalError as { errors?: unknown } | undefined)?.errors ??
    (error as { errors?: unknown }).errors;
  return Array.isArray(inner) ? (inner as GraphQLError[]) : [error];
}

function format(error: GraphQLError, logger: Logger): ErrorAndStatus {
  const cause = rootCause(error);
  const place = {
    ...(error.path ? { path: error.path } : {}),
    ...(error.locations ? { locations: error.locations } : {}),
  };
  if (cause instanceof TierdeckError) {
    const { message, httpStatus, ...extensions } = toPublicError(cause, 'operator');
    if (httpStatus >= 500) logger.error({ err: cause }, message);
    return { status: httpStatus, formatted: { message, ...place, extensions } };
  }
  if (isRequestError(error, cause)) {
    const code = 'GRAPHQL_INVALID';
    return { status: 400, formatted: { message: error.message, ...place, extensions: { code } } };
  }
  if (isTooDeep(cause)) {
    const code = 'GRAPHQL_INVALID';
    const message = 'The request is nested too deeply.';
    return { status: 400, formatted: { message, ...place, extensions: { code } } };
  }
  const refused = requestError(cause);
  if (!refused) logger.error({ err: cause }, 'unexpected error in GraphQL');
  const { message, httpStatus, code } = refused ?? toPublicError(cause);
  return { status: httpStatus, formatted: { message, ...place, extensions: { code } } };
}

function rootCause(error: Error): Error {
  const inner = (error as { originalError?: unknown }).originalError;
  return inner instanceof Error ? rootCause(inner) : error;
}

/** The parser, which comes before any limit, walks by recursion: it gives up on tens of thousands of brackets. */
function isTooDeep(cause: Error): boolean {
  return cause instanceof RangeError && cause.message.includes('call stack');
}

/** The request itself is at fault: it does not parse, does not validate, or Mercurius refused its form. */
function isRequestError(error: GraphQLError, cause: Error): boolean {
  if (cause instanceof GraphQLError) return true;
  const { code, statusCode } = cause as { code?: unknown; statusCode?: unknown };
  // Mercurius calls a query beyond the depth limit a fault of the server.
  if (code === 'MER_ERR_GQL_QUERY_DEPTH') return true;
  const status = Number(statusCode ?? (error as { statusCode?: unknown }).statusCode);
  return typeof code === 'string' && code.startsWith('MER_ERR') && (Number.isNaN(status) || status < 500);
}
