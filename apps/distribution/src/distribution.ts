import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Shadow, UnleashDecider } from '#distribution';
import { createLogger, nestLogger, type Logger, type Stoppable } from '#platform';
import { admitTenants, TierdeckRuntime } from '#runtime';
import { AppModule } from './app.module.js';
import type { DistributionConfiguration } from './configuration.js';
import { acceptEdiBodies } from './http/edi.controller.js';
import { maxBodyBytes } from './http/requests.js';

export interface Distribution extends Stoppable {
  /** e.g. `http://127.0.0.1:4100` */
  url: string;
  runtime: TierdeckRuntime;
}

/** An address that cannot be decoded, or has too long a part, never reaches the errors filter. */
const badUrl = { error: { code: 'INVALID_INPUT', message: 'The address is malformed or too long.' } };

const ownPaths = new Set(['/healthz', '/readyz', '/metrics']);

/** Starts one instance of the reference data plane: orders, prices, stock and EDI intake of every tenant it serves. */
export async function startDistribution(
  configuration: DistributionConfiguration,
  logger: Logger = createLogger('distribution', configuration.logLevel),
): Promise<Distribution> {
  const runtime = await TierdeckRuntime.start({
    url: configuration.controlPlaneUrl,
    token: configuration.runtimeToken,
    service: 'distribution',
    dataDir: configuration.dataDir,
    logger,
  });
  const started: (() => Promise<void> | void)[] = [() => runtime.stop()];
  const stop = async (): Promise<void> => {
    for (const end of started.toReversed()) await end();
  };
  try {
    const flags = await UnleashDecider.start({
      url: configuration.controlPlaneUrl,
      sdkToken: configuration.sdkToken,
      backupPath: configuration.dataDir,
      service: 'distribution',
      logger,
      refreshIntervalMs: configuration.flagRefreshMs ?? 1_000,
    });
    started.push(() => flags.stop());
    const shadow = new Shadow(runtime, logger);
    started.push(() => shadow.stop());
    const app = await NestFactory.create<NestFastifyApplication>(
      AppModule.forRoot({ runtime, flags, shadow, logger }),
      new FastifyAdapter({
        bodyLimit: maxBodyBytes,
        forceCloseConnections: true,
        frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) =>
          void reply.status(error.statusCode ?? 400).send(badUrl),
      }),
      { logger: nestLogger(logger), abortOnError: false },
    );
    started.push(() => app.close());
    const fastify = app.getHttpAdapter().getInstance();
    acceptEdiBodies(fastify);
    admitTenants(fastify, runtime, (request) => !ownPaths.has(request.url.split('?', 1)[0] ?? ''));
    await app.listen(configuration.port, configuration.host);
    return { url: (await app.getUrl()).replace('[::1]', '127.0.0.1'), runtime, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
