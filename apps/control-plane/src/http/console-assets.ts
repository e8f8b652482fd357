import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import sirv from 'sirv';

/** Paths that belong to protocols: a wrong one among them is a 404, not the console. */
const protocolPaths = /^\/(graphql|api|ofrep|runtime|edge|healthz|readyz|metrics)(\/|\?|$)/;

/**
 * Serves the built console at `/`; every other page address is the console's own business (history routing).
 * Without a build it says how to make one.
 */
export function serveConsole(fastify: FastifyInstance, folder: string): void {
  const built = existsSync(join(folder, 'index.html'));
  const serve = sirv(folder, {
    etag: true,
    // Built assets carry their digest in the name; the page that names them must be asked for again.
    setHeaders: (reply, path) =>
      reply.setHeader(
        'cache-control',
        path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      ),
  });
  fastify.get('/*', (request, reply) => {
    const missing = (): void =>
      void reply
        .status(404)
        .send({ error: { code: 'NOT_FOUND', message: `There is nothing at ${request.url}.` } });
    if (protocolPaths.test(request.url)) return missing();
    if (!built) return void reply.type('text/plain').send('The console is not built. Run: npm run build\n');
    reply.hijack();
    serve(request.raw, reply.raw, () => {
      // A page address may look like a file, as /flags/pricing.engine does; only an asset can really be missing.
      if (request.url.startsWith('/assets/')) return void reply.raw.writeHead(404).end();
      request.raw.url = '/';
      serve(request.raw, reply.raw);
    });
  });
}
