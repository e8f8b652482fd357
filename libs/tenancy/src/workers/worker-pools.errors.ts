import { TierdeckError } from '#platform';

export class WorkerPoolsFullError extends TierdeckError {
  constructor(region: string | null) {
    super(
      'WORKER_POOLS_FULL',
      `No worker pool ${region === null ? '' : `of region ${region} or of any region `}has room for another tenant.`,
      409,
      { hint: 'Register another pool: tierdeck worker-pool add, or integrationWorkers: SHARED.' },
      'operator',
    );
  }
}

export class WorkerPoolTakenError extends TierdeckError {
  constructor(name: string) {
    super('WORKER_POOL_TAKEN', `There is a worker pool "${name}" already.`, 409, {
      hint: 'Choose another name.',
    });
  }
}

export class WorkerPoolInUseError extends TierdeckError {
  constructor(name: string) {
    super('WORKER_POOL_NEEDED', `"${name}" is the last pool that takes tenants.`, 409, {
      hint: 'Register another one first: tierdeck worker-pool add',
    });
  }
}
