import {
  Catch,
  createParamDecorator,
  Inject,
  Module,
  type ArgumentsHost,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RuntimeError } from './errors.js';
import { admitTenants, refusalBody, tenantOf } from './fastify.js';
import { TierdeckRuntime, type RuntimeOptions } from './runtime.js';
import type { RuntimeTenant } from './tenant.js';

const PUBLIC_PATHS = Symbol('tierdeck:public-paths');

export interface TierdeckModuleOptions extends RuntimeOptions {
  /** Paths that are of no tenant, e.g. `/healthz`; every other one needs a tenant's token. */
  publicPaths?: readonly string[];
}

/** The tenant whose bearer token came with the request; nothing else in a request can name one. */
export const CurrentTenant = createParamDecorator((_: unknown, context: ExecutionContext): RuntimeTenant =>
  tenantOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** Answers refusals of the runtime (401, 403, 429, 503) as they are; other errors are left to others. */
@Catch(RuntimeError)
export class RuntimeErrorsFilter implements ExceptionFilter {
  catch(error: RuntimeError, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(error.httpStatus).headers(error.headers).send(refusalBody(error));
  }
}

/**
 * Tierdeck inside a Nest application on Fastify: starts the runtime, puts every route behind it, stops it with the
 * application (`app.enableShutdownHooks()` or `app.close()`). {@link TierdeckRuntime} can be injected everywhere.
 */
@Module({})
export class TierdeckModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly runtime: TierdeckRuntime,
    @Inject(PUBLIC_PATHS) private readonly publicPaths: readonly string[],
  ) {}

  static forRoot({ publicPaths = [], ...options }: TierdeckModuleOptions): DynamicModule {
    return {
      module: TierdeckModule,
      global: true,
      providers: [
        { provide: TierdeckRuntime, useFactory: () => TierdeckRuntime.start(options) },
        { provide: PUBLIC_PATHS, useValue: publicPaths },
        { provide: APP_FILTER, useClass: RuntimeErrorsFilter },
      ],
      exports: [TierdeckRuntime],
    };
  }

  /** Before the server takes requests. @throws Error on another platform than Fastify. */
  onModuleInit(): void {
    const { httpAdapter } = this.host;
    if (httpAdapter.getType() !== 'fastify') throw new Error('TierdeckModule needs Nest on Fastify.');
    const open = new Set(this.publicPaths);
    admitTenants(
      httpAdapter.getInstance<FastifyInstance>(),
      this.runtime,
      ({ url }) => !open.has(url.split('?', 1)[0] ?? ''),
    );
  }

  onApplicationShutdown(): Promise<void> {
    return this.runtime.stop();
  }
}
