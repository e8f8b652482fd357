import { hostname } from 'node:os';
import type { Command } from '#audit';
import { Notifications, Reconciler, rowsOf, TierdeckError, type Logger } from '#platform';
import { LeaseLost, StepFailed, StepWaiting, type StepContext, type StepOutcome } from './operation.js';
import { contextOf, notifyOperation, OPERATION_CHANNEL, OperationsService } from './operations.service.js';
import {
  claimOperation,
  lockOperation,
  renewLease,
  type OperationRow,
  type StepRow,
} from './operations.store.js';

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
      () => this.#claimAndStep(),
      logger,
    );
  }

  async start(notifications: Notifications): Promise<void> {
    await notifications.subscribe(OPERATION_CHANNEL, () => this.#loop.wake());
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #claimAndStep(): Promise<boolean> {
    const operation = await this.operations.database.transaction((tx) =>
      claimOperation(tx, this.#holder, this.#leaseMs, this.operations.kinds),
    );
    if (!operation) return false;
    try {
      // The next step of the same operation, under the same lease.
      for (let step = await this.#begin(operation); step; step = await this.#step(operation, step));
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      this.logger.warn({ operation: operation.id }, 'lease lost; another process goes on');
    }
    return true;
  }

  /** @returns the operation's further step, begun already, if it can run now. */
  async #step(operation: OperationRow, step: StepRow): Promise<StepRow | undefined> {
    const definition = this.operations.kind(operation.kind).steps.find(({ name }) => name === step.name);
    const tell = (progress: object): Promise<void> => this.#progress(operation, step, progress);
    const context = contextOf(operation, step.attempts, tell, step.interrupted === true);
    const renewal = setInterval(() => void this.#renew(operation), this.#leaseMs / 3);
    try {
      if (!definition) throw new StepFailed('STEP_UNKNOWN', `This version has no step ${step.name}.`, 500);
      const outcome = await definition.perform?.(context);
      return await this.#succeed(
        operation,
        step,
        outcome,
        (command, after) => definition.record?.(command, after) ?? Promise.resolve(),
      );
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      if (error instanceof StepWaiting) return await this.#wait(operation, step, error);
      return await this.#fail(operation, step, error);
    } finally {
      clearInterval(renewal);
    }
  }

  async #begin(operation: OperationRow): Promise<StepRow | undefined> {
    return this.#fenced(operation, (command) => this.#next(command, operation));
  }

  /** Marks the next step running; with none left, marks the operation done. */
  async #next(command: Command, operation: OperationRow): Promise<StepRow | undefined> {
    const [running] = await rowsOf<StepRow>(
      command.tx,
      `update operation_step s set status = 'RUNNING', attempts = s.attempts + 1,
         started_at = coalesce(s.started_at, clock_timestamp())
       from (select position, status from operation_step
             where operation_id = $1 and status not in ('SUCCEEDED', 'SKIPPED') order by position limit 1) before
       where s.operation_id = $1 and s.position = before.position
       returning s.*, before.status = 'RUNNING' as interrupted`,
      [operation.id],
    );
    if (running) return running;
    await command.tx.query(
      `update operation set status = 'SUCCEEDED', finished_at = clock_timestamp(), lease_until = null where id = $1`,
      [operation.id],
    );
    await command.record({
      area: 'operations',
      action: 'operation.succeeded',
      subject: `operation/${operation.id}`,
      ...(operation.tenant_id ? { tenantId: operation.tenant_id } : {}),
      after: { kind: operation.kind, subject: operation.subject },
    });
    return undefined;
  }

  /** Records the step and begins the next in one transaction: half as many as each on its own. */
  async #succeed(
    operation: OperationRow,
    step: StepRow,
    outcome: StepOutcome,
    record: (command: Command, context: StepContext) => Promise<void>,
  ): Promise<StepRow | undefined> {
    operation.state = { ...operation.state, ...outcome };
    return this.#fenced(operation, async (command) => {
      await command.tx.query(
        `update operation_step set status = 'SUCCEEDED', error_message = null, finished_at = clock_timestamp()
         where operation_id = $1 and position = $2`,
        [operation.id, step.position],
      );
      if (outcome) {
        await command.tx.query('update operation set state = $2 where id = $1', [
          operation.id,
          JSON.stringify(operation.state),
        ]);
      }
      await record(command, contextOf(operation, step.attempts));
      return this.#next(command, operation);
    });
  }

  async #wait(operation: OperationRow, step: StepRow, waiting: StepWaiting): Promise<undefined> {
    await this.#fenced(operation, async ({ tx }) => {
      await tx.query(
        `update operation_step set status = 'WAITING', attempts = attempts - 1, error_message = $3
         where operation_id = $1 and position = $2`,
        [operation.id, step.position, waiting.message],
      );
      await this.#release(tx, operation.id, 'WAITING', waiting.retryInMs);
    });
    return undefined;
  }

  async #fail(operation: OperationRow, step: StepRow, error: unknown): Promise<undefined> {
    const known = error instanceof TierdeckError ? error : undefined;
    const message =
      known?.message ?? `"${step.title}" failed unexpectedly; the log of the control plane has the cause.`;
    const attemptsLeft = (this.operations.kind(operation.kind).maxAttempts ?? 5) - step.attempts;
    const final = error instanceof StepFailed || attemptsLeft <= 0;
    this.logger.warn({ err: error, operation: operation.id, step: step.name, final }, 'step failed');
    await this.#fenced(operation, async (command) => {
      await command.tx.query(
        `update operation_step set status = $3, error_message = $4 where operation_id = $1 and position = $2`,
        [operation.id, step.position, final ? 'FAILED' : 'WAITING', message],
      );
      if (final) {
        const code = known?.code ?? 'STEP_FAILED';
        await this.operations.stop(command, operation, 'FAILED', { code, message, hint: known?.hint });
      } else {
        await this.#release(command.tx, operation.id, 'WAITING', Math.min(200 * 2 ** step.attempts, 10_000));
      }
    });
    return undefined;
  }

  async #release(tx: Command['tx'], id: string, status: string, retryInMs: number): Promise<void> {
    await tx.query(
      `update operation set status = $2, lease_until = null,
         next_run_at = clock_timestamp() + $3 * interval '1 millisecond' where id = $1`,
      [id, status, retryInMs],
    );
  }

  /** @throws LeaseLost so that a long step ends soon after its operation was cancelled or taken over. */
  async #progress(operation: OperationRow, step: StepRow, progress: object): Promise<void> {
    await this.operations.database.transaction(async (tx) => {
      const told = await rowsOf(
        tx,
        `update operation_step s set progress = $3 from operation o
         where s.operation_id = $1 and s.position = $2
           and o.id = s.operation_id and o.fence = $4 and o.status = 'RUNNING'
         returning s.position`,
        [operation.id, step.position, JSON.stringify(progress), operation.fence],
      );
      if (told.length === 0) throw new LeaseLost();
      await notifyOperation({ tx }, operation.id);
    });
  }

  async #renew(operation: OperationRow): Promise<void> {
    await this.operations.database
      .transaction((tx) => renewLease(tx, operation.id, operation.fence, this.#leaseMs))
      .catch((error: unknown) => this.logger.warn({ err: error }, 'lease renewal failed'));
  }

  /** A transaction that does nothing, and says so, unless the fence is still ours. */
  async #fenced<T>(operation: OperationRow, work: (command: Command) => Promise<T>): Promise<T> {
    return this.operations.commands.asSystem(`reconciler:${operation.kind}`, async (command) => {
      const current = await lockOperation(command.tx, operation.id);
      if (!current || current.fence !== operation.fence || current.status !== 'RUNNING')
        throw new LeaseLost();
      const result = await work(command);
      await notifyOperation(command, operation.id);
      return result;
    });
  }
}
