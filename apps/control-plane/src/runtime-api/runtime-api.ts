import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER, toPublicError, type Logger } from '#platform';
import type { ReportAnswer } from '#runtime/wire';
import { ProcessReports } from './process-reports.js';
import { RuntimeAccess } from './runtime-access.js';
import { restrictTo, RuntimeFeed } from './runtime-feed.js';
import { RuntimeReports } from './runtime-reports.js';
import { SnapshotStreams } from './snapshot-streams.js';

/** Bytes of one report: an instance with very many branches has some megabytes after an outage. */
const maxReportBytes = 16 * 1_048_576;

/** The HTTP side of libs/runtime: snapshot, stream and reports, ahead of the Nest pipeline. */
@Injectable()
export class RuntimeApi implements OnModuleInit, BeforeApplicationShutdown {
  readonly #streams: SnapshotStreams;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly access: RuntimeAccess,
    private readonly feed: RuntimeFeed,
    private readonly reports: RuntimeReports,
    private readonly processes: ProcessReports,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#streams = new SnapshotStreams(feed, access, logger);
  }

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.register((instance, _options, done) => {
      instance.setErrorHandler((error, _request, reply) => this.#refuse(error, reply));
      instance.get('/runtime/snapshot', (request, reply) => this.#snapshot(request, reply));
      instance.get('/runtime/stream', (request, reply) => this.#stream(request, reply));
      instance.post('/runtime/report', { bodyLimit: maxReportBytes }, (request) => this.#report(request));
      instance.post('/runtime/processes', (request) => this.#reportProcesses(request));
      done();
    });
  }

  /** Before the server waits for its connections to end. */
  beforeApplicationShutdown(): void {
    this.#streams.close();
  }

  async #snapshot(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { tenantId } = await this.access.authenticate(request.headers.authorization);
    const snapshot = restrictTo(tenantId, await this.feed.current());
    return reply.header('cache-control', 'no-store').send(snapshot);
  }

  async #stream(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { authorization } = request.headers;
    const { tenantId } = await this.access.authenticate(authorization);
    this.#streams.refuseFlood(tenantId);
    reply.hijack();
    await this.#streams.open(reply.raw, authorization, tenantId);
  }

  async #report(request: FastifyRequest): Promise<ReportAnswer> {
    const token = await this.access.authenticate(request.headers.authorization);
    return this.reports.accept(token, request.body);
  }

  async #reportProcesses(request: FastifyRequest): Promise<{ applied: boolean }> {
    const token = await this.access.authenticate(request.headers.authorization);
    await this.processes.accept(token, request.body);
    return { applied: true };
  }

  #refuse(error: unknown, reply: FastifyReply): FastifyReply {
    const status = (error as { statusCode?: unknown }).statusCode;
    const { httpStatus, ...body } =
      typeof status === 'number' && status < 500
        ? { httpStatus: status, code: 'INVALID_REQUEST', message: (error as Error).message }
        : toPublicError(error);
    if (httpStatus >= 500) this.logger.error({ err: error }, 'request of an instance failed');
    return reply.code(httpStatus).send({ error: body });
  }
}
