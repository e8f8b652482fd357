export { jobBackoff, retryDelayMs, type Backoff } from './backoff.js';
export { FairScheduler, type ScheduledTenant } from './fair-scheduler.js';
export type { JobContext, JobHandler } from './job-handler.js';
export { enqueueJob } from './job-queue.js';
export { JobWorker, type JobWorkerOptions, type WorkerRuntime } from './job-worker.js';
export type { Job, NewJob } from './job.js';
export * from './jobs.errors.js';
