import { hostname } from 'node:os';
import { Notifications, Reconciler, type Logger, type Look } from '#platform';
import { OperationRun } from './operation-run.js';
import { OPERATION_DUE_CHANNEL, type OperationsService } from './operations.service.js';
import { claimOperation } from './operations.store.js';

export interface OperationsReconcilerOptions {
  /** Longest time a dead holder keeps an operation from the others; half of it if its sessions are gone. */
  leaseMs?: number;
  concurrency?: number;
  pollMs?: number;
}

/**
 * Performs operations in any replica. A claim is a lease with a fencing token; a step's outcome is recorded only under
 * the fence it was claimed with. A killed process leaves a lease that runs out; the next holder repeats the step.
 */
export class OperationsReconciler {
  readonly #holder: string;
  readonly #leaseMs: number;
  readonly #loop: Reconciler;

  constructor(
    private readonly operations: OperationsService,
    private readonly logger: Logger,
    options: OperationsReconcilerOptions = {},
  ) {
    this.#leaseMs = options.leaseMs ?? 5_000;
    this.#holder = `${hostname()}:${process.pid}:${operations.database.applicationName}`;
    this.#loop = new Reconciler(
      { name: 'operations', concurrency: options.concurrency ?? 4, pollMs: options.pollMs ?? 500 },
      () => this.#claim(),
      logger,
    );
  }

  async start(notifications: Notifications): Promise<void> {
    await notifications.subscribe(OPERATION_DUE_CHANNEL, () => this.#loop.wake());
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #claim(): Promise<Look> {
    const { operations, logger } = this;
    const operation = await claimOperation(
      operations.database,
      this.#holder,
      this.#leaseMs,
      operations.kinds,
    );
    if (!operation) return false;
    const onWaiting = (ms: number): void => this.#loop.wakeIn(ms);
    const run = new OperationRun(operation, { operations, logger, leaseMs: this.#leaseMs, onWaiting });
    return () => run.run();
  }
}
