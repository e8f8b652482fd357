import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { NotFoundError } from '#platform';
import { validateTokens } from './edge-validate.js';
import { featuresPath } from './features-endpoint.js';
import { metricsBucket, metricsCount } from './flag-metrics.js';
import { parse, sourceOf, type UnleashApiDependencies } from './routes.js';
import { secretOf } from './sdk-access.js';

/** The version of Unleash whose client protocol is spoken, as SDKs expect it in `X-Unleash-Version`. */
const unleashVersion = '7.5.1';

/** What SDKs report. */
export const reportBody = z.looseObject({ bucket: metricsBucket.nullish() });
const bulkBody = z.looseObject({
  metrics: z
    .array(
      z.looseObject({
        featureName: z.string().max(200),
        environment: z.string(),
        yes: metricsCount,
        no: metricsCount,
      }),
    )
    .max(10_000)
    .nullish(),
});

/** `/api/client` beside what {@link FeaturesEndpoint} and the streams answer, and what Unleash Edge asks. */
export function clientRoutes(fastify: FastifyInstance, { access, metrics }: UnleashApiDependencies): void {
  const grantOf = (request: FastifyRequest) =>
    access.grant(secretOf(request.headers.authorization), ['CLIENT']);

  fastify.get<{ Params: { name: string } }>(`${featuresPath}/:name`, async (request) => {
    const json = (await grantOf(request)).view().feature(request.params.name);
    if (json === undefined) throw new NotFoundError('flag', request.params.name);
    return JSON.parse(json) as unknown;
  });
  fastify.post('/edge/validate', (request) =>
    validateTokens(access, request.body).then((tokens) => ({ tokens })),
  );
  fastify.post('/api/client/register', async (request, reply) => {
    await grantOf(request);
    return reply.code(202).header('X-Unleash-Version', unleashVersion).send();
  });
  fastify.post('/api/client/metrics', async (request, reply) => {
    const source = sourceOf(await grantOf(request));
    const { bucket } = parse(reportBody, request.body);
    if (bucket) metrics.count(source, bucket);
    return reply.code(202).send();
  });
  fastify.post('/api/client/metrics/bulk', async (request, reply) => {
    const source = sourceOf(await grantOf(request));
    for (const { featureName, environment, yes, no } of parse(bulkBody, request.body).metrics ?? []) {
      // A token speaks for its own environment alone.
      if (environment === source.environment)
        metrics.count(source, { toggles: { [featureName]: { yes, no } } });
    }
    return reply.code(202).send();
  });
}
