import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { LOGGER, toPublicError, type Logger, type PublicError } from '#platform';
import { requestError } from './request-error.js';

/** Errors of the plain HTTP routes, in the same form as GraphQL's. GraphQL formats its own. */
@Catch()
export class HttpErrorsFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType<string>() === 'graphql') throw error;
    const { httpStatus, ...body } = publicError(error);
    if (httpStatus >= 500) this.logger.error({ err: error }, 'request failed');
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(httpStatus).send({ error: body });
  }
}

function publicError(error: unknown): PublicError {
  if (error instanceof HttpException) return ofNest(error);
  return requestError(error) ?? toPublicError(error);
}

function ofNest(error: HttpException): PublicError {
  const httpStatus = error.getStatus();
  const given = error.getResponse() as { code?: string; message?: string };
  const code = given.code ?? (httpStatus === 404 ? 'NOT_FOUND' : 'HTTP_ERROR');
  return { code, message: given.message ?? error.message, httpStatus };
}
