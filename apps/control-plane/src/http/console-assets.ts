import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Paths that belong to protocols: a wrong one among them is a 404, not the console. */
const protocolPaths = /^\/(graphql|api|ofrep|runtime|edge|healthz|readyz|metrics)(\/|\?|$)/;

/**
 * Serves the built console at `/`; every other page address is the console's own business (history routing).
 * Without a build it says how to make one.
 */
export async function serveConsole(fastify: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    fastify.get('/', (_request, reply) =>
      reply.type('text/plain').send('The console is not built. Run: npm run build\n'),
    );
    return;
  }
  await fastify.register(fastifyStatic, {
    root: folder,
    wildcard: false,
    index: ['index.html'],
    cacheControl: false,
  });
  fastify.addHook('onSend', async (request, reply) => {
    if (request.url.startsWith('/assets/'))
      void reply.header('cache-control', 'public, max-age=31536000, immutable');
  });
  fastify.get('/*', (request, reply) => {
    if (protocolPaths.test(request.url)) {
      return reply
        .status(404)
        .send({ error: { code: 'NOT_FOUND', message: `There is nothing at ${request.url}.` } });
    }
    return reply.header('cache-control', 'no-cache').sendFile('index.html');
  });
}
