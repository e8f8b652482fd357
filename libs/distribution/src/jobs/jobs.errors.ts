import { TierdeckError } from '#platform';

/** Thrown by a handler for a fault that no repetition can mend: the job goes to the dead letters at once. */
export class PermanentJobError extends TierdeckError {
  constructor(message: string, cause?: unknown) {
    super('JOB_CANNOT_SUCCEED', message, 422, cause === undefined ? {} : { cause });
  }
}

/** The tenant has as many jobs waiting as its quota allows. Nothing was queued. */
export class JobQueueFullError extends TierdeckError {
  constructor(limit: number) {
    super('JOB_QUEUE_FULL', `The quota of ${limit} waiting integration jobs is used up.`, 429, {
      hint: 'Send the document again when the jobs before it are done.',
    });
  }
}

/** Another worker has taken the job over meanwhile: this one's work is rolled back. */
export class JobLostError extends Error {
  constructor(id: string) {
    super(`Job ${id} was taken over by another worker.`);
    this.name = 'JobLostError';
  }
}
