import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { LOGGER, postgresCode, toPublicError, type Logger, type PublicError } from '#platform';
import { refusalBody, RuntimeError } from '#runtime';

/** Every error in one form: `{ "error": { "code", "message", … } }`, never SQL or a stack. */
@Catch()
export class HttpErrorsFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof RuntimeError) {
      void reply.status(error.httpStatus).headers(error.headers).send(refusalBody(error));
      return;
    }
    const { httpStatus, ...body } = publicErrorOf(error);
    if (httpStatus >= 500) this.logger.error({ err: error }, 'request failed');
    if (httpStatus === 503) void reply.header('retry-after', '1');
    void reply.status(httpStatus).send({ error: body });
  }
}

/** Codes of requests that never reach a route. */
const codes: Readonly<Record<number, string>> = {
  400: 'INVALID_INPUT',
  404: 'NOT_FOUND',
  413: 'BODY_TOO_LARGE',
  415: 'MEDIA_TYPE_UNSUPPORTED',
};

function publicErrorOf(error: unknown): PublicError {
  if (error instanceof HttpException) {
    const httpStatus = error.getStatus();
    return { code: codes[httpStatus] ?? 'HTTP_ERROR', message: error.message, httpStatus };
  }
  if (isDatabaseAway(error)) {
    return {
      code: 'DATABASE_AWAY',
      message: "The tenant's database does not answer.",
      hint: 'Send the request again, with the same Idempotency-Key.',
      httpStatus: 503,
    };
  }
  return toPublicError(error);
}

/** Statement timeout, end of the session or the server, or no connection: it may go well a moment later. */
function isDatabaseAway(error: unknown): boolean {
  const code = postgresCode(error) ?? '';
  // What `pg` says, without a code, of a session that ended in the middle.
  const ended = error instanceof Error && /^(Connection terminated|Client was closed)/.test(error.message);
  return (
    ended ||
    code === '57014' ||
    /^(57P0|08|53)/.test(code) ||
    /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT)$/.test(code)
  );
}
