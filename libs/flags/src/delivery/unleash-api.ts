import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { clientRoutes } from './client-routes.js';
import { deltaPath, FeaturesEndpoint, featuresPath } from './features-endpoint.js';
import { FetchModes } from './fetch-modes.js';
import { FlagStreams, streamingPath } from './flag-streams.js';
import { frontendRoutes } from './frontend-routes.js';
import { ofrepRoutes } from './ofrep-routes.js';
import { refuse, type UnleashApiDependencies } from './routes.js';

export type { UnleashApiDependencies } from './routes.js';

/**
 * Serves the protocols of the flag SDKs on a Fastify instance. Call it before Nest starts to listen: the polls of
 * `/api/client/features` are then answered before anything of Nest sees them.
 */
export function registerUnleashApi(fastify: FastifyInstance, dependencies: UnleashApiDependencies): void {
  const { access, feed, receipts, logger } = dependencies;
  const modes = new FetchModes(dependencies.offerStreaming);
  const features = new FeaturesEndpoint(access, modes, receipts, logger);
  const streams = new FlagStreams(access, receipts, logger, dependencies.offerStreaming);
  const unfollow = feed.onAccessChange(inTurn(() => streams.recheck()));
  beforeFastify(fastify, (request, response) => {
    const { url = '', method } = request;
    if (method !== 'GET' || !url.startsWith('/api/client/')) return false;
    if (isPath(url, featuresPath) || isPath(url, deltaPath)) features.handle(request, response);
    else if (isPath(url, streamingPath)) void streams.handle(request, response);
    else return false;
    return true;
  });
  fastify.addHook('preClose', (done) => {
    unfollow();
    streams.close();
    done();
  });
  fastify.register((instance, _options, done) => {
    instance.setErrorHandler((error, _request, reply) => refuse(error, reply, dependencies.logger));
    clientRoutes(instance, dependencies);
    frontendRoutes(instance, dependencies);
    ofrepRoutes(instance, dependencies);
    done();
  });
}

/**
 * Lets a handler have requests before Fastify sees them, and makes nothing for those that it takes: thousands of open
 * streams and polls each cost what Node needs for them and no more.
 */
function beforeFastify(
  { server }: FastifyInstance,
  handle: (request: IncomingMessage, response: ServerResponse) => boolean,
): void {
  const listeners = server.listeners('request') as ((...args: unknown[]) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (handle(request, response)) return;
    for (const listener of listeners) listener.call(server, request, response);
  });
}

function isPath(url: string, path: string): boolean {
  return url.startsWith(path) && (url.length === path.length || url[path.length] === '?');
}

/** Many calls while one runs are one more run. */
function inTurn(work: () => Promise<void>): () => void {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await work();
    } while (again);
  };
  return () => {
    again = true;
    running ??= run().finally(() => (running = undefined));
  };
}
