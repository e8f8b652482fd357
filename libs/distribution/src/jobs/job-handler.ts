import type { RuntimeTenant, TenantQueryable } from '#runtime';
import type { Job } from './job.js';

export interface JobContext {
  /** The transaction in which the job is also recorded as done: all of the effect must go through it. */
  tx: TenantQueryable;
  tenant: RuntimeTenant;
  job: Job;
  /** Runs after the commit, once, e.g. to count a KPI. Lost if the process ends between. */
  afterCommit: (action: () => void) => void;
}

export interface JobHandler {
  kind: string;
  /**
   * Does the work. May run again if the transaction has to be repeated, so it keeps no state of its own.
   * @returns what is stored as the job's result.
   * @throws PermanentJobError for the dead letters at once; any other error is retried.
   */
  handle(context: JobContext): Promise<unknown>;
}
