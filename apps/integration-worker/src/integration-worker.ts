import { EdiOrderHandler, JobWorker, UnleashDecider } from '#distribution';
import { createLogger, type Logger, type Stoppable } from '#platform';
import { TierdeckRuntime, type RuntimeTenant } from '#runtime';
import type { WorkerConfiguration } from './configuration.js';

/** Leaves time for the reports and connections within what a supervisor waits before it kills. */
const drainMs = 15_000;

export interface IntegrationWorker extends Stoppable {
  runtime: TierdeckRuntime;
  jobs: JobWorker;
}

/**
 * Starts a worker process: for every tenant on shared workers in turn, or for one tenant alone. A pooled worker leaves
 * tenants with dedicated workers alone, and a dedicated worker sees no tenant but its own.
 */
export async function startIntegrationWorker(
  configuration: WorkerConfiguration,
  logger: Logger = createLogger('integration-worker', configuration.logLevel),
): Promise<IntegrationWorker> {
  const { controlPlaneUrl: url, tenant, concurrency, dataDir } = configuration;
  const runtime = await TierdeckRuntime.start({
    url,
    token: configuration.runtimeToken,
    service: 'integration-worker',
    dataDir,
    logger,
    ...(tenant === undefined ? {} : { tenant }),
    connections: { perDatabase: concurrency + 2 },
  });
  try {
    const flags = await UnleashDecider.start({
      url,
      sdkToken: configuration.sdkToken,
      backupPath: dataDir,
      service: 'integration-worker',
      logger,
    });
    const jobs = new JobWorker({
      runtime,
      logger,
      capacity: concurrency,
      reserved: tenant === undefined ? Math.floor(concurrency / 4) : 0,
      serves: servesFor(tenant),
      pool: tenant === undefined ? 'SHARED' : 'DEDICATED',
      handlers: [new EdiOrderHandler({ flags, recordKpi: (observation) => runtime.recordKpi(observation) })],
    });
    jobs.start();
    logger.info({ tenant: tenant ?? 'all on shared workers', concurrency }, 'integration worker serves');
    return {
      runtime,
      jobs,
      stop: async () => {
        const drained = await jobs.stop(drainMs);
        if (!drained)
          logger.warn({ inFlight: jobs.inFlight }, 'stopped with jobs in flight; they will be done again');
        flags.stop();
        await runtime.stop();
      },
    };
  } catch (error) {
    await runtime.stop();
    throw error;
  }
}

/** Which tenants a worker serves, by their placement. */
function servesFor(slug: string | undefined): (tenant: RuntimeTenant) => boolean {
  return ({ integrationWorkers, slug: own }) =>
    slug === undefined ? integrationWorkers === 'SHARED' : integrationWorkers === 'DEDICATED' && own === slug;
}
