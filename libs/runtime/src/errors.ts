/** An expected refusal or failure of the runtime, ready to be answered over HTTP. */
export class RuntimeError extends Error {
  constructor(
    /** Stable, upper snake case, e.g. `QUOTA_EXCEEDED`. */
    readonly code: string,
    message: string,
    readonly httpStatus: number,
    /** What to do next. */
    readonly hint?: string,
    /** Headers that belong to the answer, e.g. Retry-After. */
    readonly headers: Readonly<Record<string, string>> = {},
    cause?: unknown,
  ) {
    // A flood is refused by the thousand; where in the runtime it was refused interests nobody, and costs time.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, cause === undefined ? undefined : { cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = new.target.name;
  }
}

/** The tenant asked for more than its quota: 429. Its own doing, so other tenants see nothing of it. */
export class QuotaExceeded extends RuntimeError {
  constructor(
    readonly tenant: string,
    readonly kind: 'REQUEST_RATE' | 'CONCURRENCY',
    readonly limit: number,
    readonly retryAfterSeconds: number,
    headers: Readonly<Record<string, string>>,
  ) {
    const unit = kind === 'REQUEST_RATE' ? 'requests a second' : 'requests at once';
    super(
      'QUOTA_EXCEEDED',
      `The quota of ${limit} ${unit} is used up.`,
      429,
      `Try again in ${retryAfterSeconds} s.`,
      { ...headers, 'retry-after': String(retryAfterSeconds) },
    );
  }
}

/** The service has more work than it can take: 503. Nothing was done; the request may be repeated. */
export class Overloaded extends RuntimeError {
  constructor(
    readonly reason: 'QUEUE_FULL' | 'WAITED_TOO_LONG' | 'NO_CONNECTION' | 'STOPPING',
    retryAfterSeconds = 1,
  ) {
    super(
      'OVERLOADED',
      'The service is busy; nothing was done.',
      503,
      `Try again in ${retryAfterSeconds} s.`,
      {
        'retry-after': String(retryAfterSeconds),
      },
    );
  }
}

/** The bearer token belongs to no tenant: 401. Says nothing about which tenants there are. */
export class UnknownTenantToken extends RuntimeError {
  constructor() {
    super(
      'UNAUTHENTICATED',
      'A valid tenant token is needed.',
      401,
      'Send "Authorization: Bearer <token>".',
      { 'www-authenticate': 'Bearer' },
    );
  }
}

export class TenantSuspended extends RuntimeError {
  constructor() {
    super('TENANT_SUSPENDED', 'This tenant is suspended.', 403, 'Ask the operator of the service.');
  }
}

/** The tenant is suspended for writes: 403. PostgreSQL itself refused, so nothing was changed. */
export class TenantReadOnly extends RuntimeError {
  constructor(cause: unknown) {
    super(
      'TENANT_READ_ONLY',
      'This tenant is suspended for writes; reads are served.',
      403,
      'Ask the operator of the service.',
      {},
      cause,
    );
  }
}

/** The tenant's rows are on their way to another database, for longer than a writer waits: 503. Nothing was done. */
export class TenantMoving extends RuntimeError {
  constructor(cause: unknown, retryAfterSeconds = 1) {
    super(
      'TENANT_MOVING',
      'The tenant is being moved to another database; nothing was done.',
      503,
      `Try again in ${retryAfterSeconds} s.`,
      { 'retry-after': String(retryAfterSeconds) },
      cause,
    );
  }
}

/** The tenant is not in the snapshot: it was offboarded, or this instance may not serve it. */
export class TenantNotServed extends RuntimeError {
  constructor(tenant: string) {
    super('TENANT_NOT_SERVED', `The tenant ${tenant} is not served here.`, 404);
  }
}

/** The control plane gave no snapshot and none is stored: there is nothing to serve from. */
export class ControlPlaneUnavailable extends RuntimeError {
  constructor(message: string, cause?: unknown) {
    super(
      'CONTROL_PLANE_UNAVAILABLE',
      message,
      503,
      'Check TIERDECK_URL and TIERDECK_RUNTIME_TOKEN.',
      {},
      cause,
    );
  }
}

/** SQL that is no query of rows: it would change the session for the next tenant, or lock out the others. */
export class StatementRefused extends RuntimeError {
  constructor(command: string) {
    super(
      'STATEMENT_REFUSED',
      `${command} is not for the database of a tenant.`,
      500,
      'Use query() for rows and transaction() for transactions; change the schema by migrations.',
    );
  }
}
