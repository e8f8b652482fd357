import type { Command } from '#audit';
import { rowsOf, TierdeckError, type Logger } from '#platform';
import { LeaseLost, StepFailed, StepWaiting, type OperationStep, type StepOutcome } from './operation.js';
import { contextOf, notifyOperation, type OperationsService } from './operations.service.js';
import {
  lockHeld,
  renewLease,
  writeSteps,
  type HeldOperation,
  type OpenStep,
  type OperationRow,
  type SettledStep,
} from './operations.store.js';

interface RunParts {
  operations: OperationsService;
  logger: Logger;
  leaseMs: number;
  /** Told in how many milliseconds a step that waits is due again. */
  onWaiting: (ms: number) => void;
}

interface PerformedStep {
  step: OpenStep;
  outcome: StepOutcome;
}

/** One claim of an operation: its steps, one after the other, each recorded under the fence of the claim. */
export class OperationRun {
  readonly #steps: readonly OperationStep[];
  /** After one that only records has failed, each has a transaction of its own: so the failure is told of that one. */
  #apart = false;

  constructor(
    private readonly operation: OperationRow,
    private readonly parts: RunParts,
  ) {
    this.#steps = parts.operations.kind(operation.kind).steps;
  }

  /** Goes on until the operation has ended, waits, or has another holder. */
  async run(): Promise<void> {
    try {
      for (let step = await this.#advance(); step; step = await this.#step(step));
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      this.parts.logger.warn({ operation: this.operation.id }, 'lease lost; another process goes on');
    }
  }

  /** @returns the operation's further step, begun already, if it can run now. */
  async #step(step: OpenStep): Promise<OpenStep | undefined> {
    const definition = this.#definition(step);
    const tell = (progress: object): Promise<void> => this.#progress(step, progress);
    const context = contextOf(this.operation, step.attempts, tell, step.interrupted);
    const renewal = setInterval(() => void this.#renew(), this.parts.leaseMs / 3);
    try {
      if (!definition) throw new StepFailed('STEP_UNKNOWN', `This version has no step ${step.name}.`, 500);
      return await this.#advance({ step, outcome: await definition.perform?.(context) });
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      if (error instanceof StepWaiting) return await this.#wait(step, error);
      return await this.#fail(step, error);
    } finally {
      clearInterval(renewal);
    }
  }

  /**
   * Records a step and begins the next, in one transaction; what needs no work outside goes with it.
   * @returns the step that was begun; undefined when none is left.
   */
  async #advance(performed?: PerformedStep): Promise<OpenStep | undefined> {
    let others = false;
    try {
      const advance = await this.#fenced(async (command, held) => {
        const draft = new Draft(this.operation);
        if (performed) {
          draft.merge(performed.outcome);
          await this.#record(command, performed.step, draft);
        }
        const left = held.left.filter(({ position }) => position !== performed?.step.position);
        for (const step of left) {
          const definition = this.#definition(step);
          if (definition?.needed?.(contextOf(draft.operation)) === false) {
            draft.settle(step, 'SKIPPED');
          } else if (!definition || definition.perform || this.#apart) {
            draft.begun = draft.settle({ ...step, attempts: step.attempts + 1 }, 'RUNNING');
            break;
          } else {
            others = true;
            await this.#record(command, { ...step, attempts: step.attempts + 1 }, draft);
          }
        }
        await this.#write(command, draft);
        return draft;
      });
      this.operation.state = advance.operation.state;
      return advance.begun;
    } catch (error) {
      if (!others || error instanceof LeaseLost) throw error;
      this.#apart = true;
      return this.#advance(performed);
    }
  }

  async #record(command: Command, step: OpenStep, draft: Draft): Promise<void> {
    draft.merge(await this.#definition(step)?.record?.(command, contextOf(draft.operation, step.attempts)));
    draft.settle(step, 'SUCCEEDED');
  }

  async #write(command: Command, { operation, settled, begun }: Draft): Promise<void> {
    const changed = operation.state !== this.operation.state;
    await writeSteps(command.tx, operation.id, settled, {
      state: changed ? operation.state : undefined,
      done: !begun,
    });
    if (begun) return;
    await command.record({
      area: 'operations',
      action: 'operation.succeeded',
      subject: `operation/${operation.id}`,
      ...(operation.tenant_id ? { tenantId: operation.tenant_id } : {}),
      after: { kind: operation.kind, subject: operation.subject },
    });
  }

  async #wait(step: OpenStep, waiting: StepWaiting): Promise<undefined> {
    await this.#fenced(async ({ tx }) => {
      await tx.query(
        `update operation_step set status = 'WAITING', attempts = attempts - 1, error_message = $3
         where operation_id = $1 and position = $2`,
        [this.operation.id, step.position, waiting.message],
      );
      await this.#release(tx, waiting.retryInMs);
    });
    this.parts.onWaiting(waiting.retryInMs);
    return undefined;
  }

  async #fail(step: OpenStep, error: unknown): Promise<undefined> {
    const known = error instanceof TierdeckError ? error : undefined;
    const message =
      known?.message ?? `"${step.title}" failed unexpectedly; the log of the control plane has the cause.`;
    const { operations, logger } = this.parts;
    const attemptsLeft = (operations.kind(this.operation.kind).maxAttempts ?? 5) - step.attempts;
    const final = error instanceof StepFailed || attemptsLeft <= 0;
    const retryInMs = Math.min(200 * 2 ** step.attempts, 10_000);
    logger.warn({ err: error, operation: this.operation.id, step: step.name, final }, 'step failed');
    await this.#fenced(async (command) => {
      await command.tx.query(
        `update operation_step set status = $3, error_message = $4 where operation_id = $1 and position = $2`,
        [this.operation.id, step.position, final ? 'FAILED' : 'WAITING', message],
      );
      if (final) {
        const code = known?.code ?? 'STEP_FAILED';
        await operations.stop(command, this.operation, 'FAILED', { code, message, hint: known?.hint });
      } else {
        await this.#release(command.tx, retryInMs);
      }
    });
    if (!final) this.parts.onWaiting(retryInMs);
    return undefined;
  }

  async #release(tx: Command['tx'], retryInMs: number): Promise<void> {
    await tx.query(
      `update operation set status = 'WAITING', lease_until = null,
         next_run_at = clock_timestamp() + $2 * interval '1 millisecond' where id = $1`,
      [this.operation.id, retryInMs],
    );
  }

  /** @throws LeaseLost so that a long step ends soon after its operation was cancelled or taken over. */
  async #progress(step: OpenStep, progress: object): Promise<void> {
    await this.parts.operations.database.transaction(async (tx) => {
      const told = await rowsOf(
        tx,
        `update operation_step s set progress = $3 from operation o
         where s.operation_id = $1 and s.position = $2
           and o.id = s.operation_id and o.fence = $4 and o.status = 'RUNNING'
         returning s.position`,
        [this.operation.id, step.position, JSON.stringify(progress), this.operation.fence],
      );
      if (told.length === 0) throw new LeaseLost();
      await notifyOperation({ tx }, this.operation.id);
    });
  }

  async #renew(): Promise<void> {
    const { operations, logger, leaseMs } = this.parts;
    await renewLease(operations.database, this.operation.id, this.operation.fence, leaseMs).catch(
      (error: unknown) => logger.warn({ err: error }, 'lease renewal failed'),
    );
  }

  /** A transaction that does nothing, and says so, unless the fence is still ours. */
  async #fenced<T>(work: (command: Command, held: HeldOperation) => Promise<T>): Promise<T> {
    const { id, kind, fence } = this.operation;
    return this.parts.operations.commands.asSystem(`reconciler:${kind}`, async (command) => {
      const held = await lockHeld(command.tx, id);
      if (!held || held.fence !== fence || held.status !== 'RUNNING') throw new LeaseLost();
      const result = await work(command, held);
      await notifyOperation(command, id);
      return result;
    });
  }

  #definition(step: OpenStep): OperationStep | undefined {
    return this.#steps.find(({ name }) => name === step.name);
  }
}

/** What a transaction is about to settle; a transaction that is repeated begins with another. */
class Draft {
  readonly operation: OperationRow;
  readonly settled: SettledStep[] = [];
  begun: OpenStep | undefined;

  constructor(operation: OperationRow) {
    this.operation = { ...operation };
  }

  merge(outcome: StepOutcome): void {
    if (outcome) this.operation.state = { ...this.operation.state, ...outcome };
  }

  settle(step: OpenStep, status: SettledStep['status']): OpenStep {
    this.settled.push({ position: step.position, status, attempts: step.attempts });
    return step;
  }
}
