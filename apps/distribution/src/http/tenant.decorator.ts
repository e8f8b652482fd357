import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { tenantOf, type RuntimeTenant } from '#runtime';

/** The tenant whose bearer token came with the request; nothing else in a request can name one. */
export const CurrentTenant = createParamDecorator((_: unknown, context: ExecutionContext): RuntimeTenant =>
  tenantOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
