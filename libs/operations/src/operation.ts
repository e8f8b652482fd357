import type { Command } from '#audit';
import { TierdeckError } from '#platform';

export type OperationStatus = 'PENDING' | 'RUNNING' | 'WAITING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
export type StepStatus = 'PENDING' | 'RUNNING' | 'WAITING' | 'SUCCEEDED' | 'FAILED' | 'SKIPPED';

/** What a step knows: what was asked, what earlier steps found out, and how to tell of its progress. */
export interface StepContext {
  readonly operationId: string;
  readonly subject: string;
  readonly tenantId: string | undefined;
  readonly input: Record<string, unknown>;
  /** Handed on from step to step; what a step returns is merged into it when the step is recorded. */
  readonly state: Readonly<Record<string, unknown>>;
  readonly attempt: number;
  /** Whoever performed the step before has gone without a word: how far it came, nobody knows. */
  readonly interrupted: boolean;
  /**
   * Shows how far a long step has come, e.g. `{ done: 120_000, total: 541_909, unit: 'rows' }`.
   * @throws LeaseLost when the operation was cancelled or taken over: the step must let it through and so end.
   */
  progress(progress: StepProgress): Promise<void>;
}

export interface StepProgress {
  done?: number;
  total?: number;
  unit?: string;
  message?: string;
}

/** What to merge into the operation's state; undefined for nothing. */
export type StepOutcome = Record<string, unknown> | void;

/**
 * One step of an operation. `perform` has effects outside the control-plane database and must be idempotent: after a
 * crash it runs again. `record` runs in the transaction that marks the step done, so its effects happen exactly once.
 * A step that only records shares the transaction of the step before it: it must not look at what that one recorded
 * but through `command.tx`.
 */
export interface OperationStep {
  /** Kebab case, stable: `create-database`. */
  name: string;
  /** What a person reads: `Create the database`. */
  title: string;
  /** False if there is nothing to do for this operation: the step is skipped. Says the same whenever it is asked. */
  needed?(context: StepContext): boolean;
  perform?(context: StepContext): Promise<StepOutcome>;
  record?(command: Command, context: StepContext): Promise<StepOutcome>;
}

/** A kind of long work that a domain registers. */
export interface OperationKind {
  /** e.g. `tenant.onboard`. */
  kind: string;
  steps: readonly OperationStep[];
  /** Runs in the transaction that marks the operation failed or cancelled, to leave the subject in a clear state. */
  onStopped?(command: Command, context: StepContext, status: 'FAILED' | 'CANCELLED'): Promise<void>;
  /** Runs in the transaction in which a stopped operation is taken up again. */
  onRetried?(command: Command, context: StepContext): Promise<void>;
  /** Tries of one step before the operation fails; default 5. */
  maxAttempts?: number;
}

/** Thrown by `perform` to look again later without counting it as a failure, e.g. until a worker reports. */
export class StepWaiting extends Error {
  constructor(
    message: string,
    readonly retryInMs = 500,
  ) {
    super(message);
  }
}

/** Thrown by `perform` when trying again cannot help: the operation fails at once. */
export class StepFailed extends TierdeckError {}

/** A holder whose lease another process took over must not record anything. */
export class LeaseLost extends Error {}
