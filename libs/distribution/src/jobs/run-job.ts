import type { Logger } from '#platform';
import type { RuntimeTenant, TenantScope } from '#runtime';
import type { Backoff } from './backoff.js';
import type { JobHandler } from './job-handler.js';
import { completeJob, failJob, holdJob } from './job-queue.js';
import type { Job } from './job.js';
import { JobLostError, PermanentJobError } from './jobs.errors.js';

export type JobOutcome = 'DONE' | 'RETRY' | 'DEAD' | 'LOST';

export interface RunJobOptions {
  scope: TenantScope;
  tenant: RuntimeTenant;
  handlers: ReadonlyMap<string, JobHandler>;
  logger: Logger;
  backoff?: Backoff;
}

/**
 * Carries out a claimed job. Its effect and its completion are one transaction, so it is done once in effect: whatever
 * ends before the commit, a killed process included, leaves neither.
 */
export async function runJob(job: Job, options: RunJobOptions): Promise<JobOutcome> {
  const { scope, tenant, handlers, logger, backoff } = options;
  try {
    const handler = handlers.get(job.kind);
    if (!handler) throw new PermanentJobError(`There is no handler for jobs of kind ${job.kind}.`);
    const committed = await scope.transaction(async (tx) => {
      const actions: (() => void)[] = [];
      await holdJob(tx, job);
      const afterCommit = (action: () => void): void => void actions.push(action);
      const result = await handler.handle({ tx, tenant, job, afterCommit });
      await completeJob(tx, job, result);
      return actions;
    });
    for (const action of committed) action();
    return 'DONE';
  } catch (error) {
    if (error instanceof JobLostError) return 'LOST';
    const outcome = await failJob(scope, job, error, backoff);
    const facts = { err: error, tenant: tenant.slug, job: job.id, kind: job.kind, attempts: job.attempts };
    if (outcome === 'DEAD') logger.error(facts, 'integration job failed for good');
    else logger.warn(facts, 'integration job failed, will be tried again');
    return outcome;
  }
}
