/** Who an error message is written for: the caller who can mend it, or the operator who runs Tierdeck. */
export type ErrorAudience = 'caller' | 'operator';

export interface ErrorDetails {
  /** What to do next, as a sentence or a command. */
  hint?: string;
  /** Path of the input field that is wrong, e.g. `spec.database`. */
  field?: string;
  /** Machine-readable facts that a client may show. Never a secret. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/**
 * An expected failure. It crosses every border (GraphQL `extensions.code`, HTTP status, CLI exit code) unchanged;
 * anything that is not a TierdeckError is answered as INTERNAL and only logged.
 */
export class TierdeckError extends Error {
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    /** Stable, upper snake case, e.g. `TENANT_NOT_FOUND`. */
    readonly code: string,
    message: string,
    /** HTTP status that fits, for the borders that speak HTTP. */
    readonly httpStatus: number = 400,
    details: ErrorDetails = {},
    readonly audience: ErrorAudience = 'caller',
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint;
    this.field = details.field;
    this.details = details.details;
  }
}

export class NotFoundError extends TierdeckError {
  constructor(what: string, key: string, details: ErrorDetails = {}) {
    super(
      `${what.toUpperCase().replaceAll(' ', '_')}_NOT_FOUND`,
      `There is no ${what} "${key}".`,
      404,
      details,
    );
  }
}

export class InvalidInputError extends TierdeckError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('INVALID_INPUT', message, 400, details);
  }
}

export class ConflictError extends TierdeckError {
  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(code, message, 409, details);
  }
}

/** What a border may show of any error: the code, the message and the mend; nothing of the inside. */
export interface PublicError {
  code: string;
  message: string;
  httpStatus: number;
  hint?: string;
  field?: string;
  details?: Record<string, unknown>;
}

/**
 * @param reader who will read it: an error for the operator keeps its code and status before a caller, and nothing of
 *   what it says about the inside.
 */
export function toPublicError(error: unknown, reader: ErrorAudience = 'caller'): PublicError {
  if (error instanceof TierdeckError && error.audience === 'operator' && reader === 'caller') {
    const message = 'Tierdeck cannot do this right now. The log of the service has the cause.';
    return { code: error.code, message, httpStatus: error.httpStatus };
  }
  if (error instanceof TierdeckError) {
    return {
      code: error.code,
      message: error.message,
      httpStatus: error.httpStatus,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.field === undefined ? {} : { field: error.field }),
      ...(error.details === undefined ? {} : { details: error.details }),
    };
  }
  return {
    code: 'INTERNAL',
    message: 'Something failed inside Tierdeck. The log of the service has the cause.',
    httpStatus: 500,
  };
}
