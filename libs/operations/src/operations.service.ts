import { randomUUID } from 'node:crypto';
import { Commands, type Command } from '#audit';
import { ConflictError, Database, NotFoundError, rowsOf, TierdeckError } from '#platform';
import type { OperationKind, OperationStatus, StepContext } from './operation.js';
import { insertOperation, lockOperation, type OperationRow } from './operations.store.js';

/** PostgreSQL channel that tells of progress; the payload is the operation's id. */
export const OPERATION_CHANNEL = 'tierdeck_operation';
/** PostgreSQL channel that wakes those who perform operations: one has become due. */
export const OPERATION_DUE_CHANNEL = 'tierdeck_operation_due';

export interface NewOperation {
  kind: string;
  subject: string;
  tenantId?: string;
  input: Record<string, unknown>;
}

/** Starts, retries and cancels operations; the reconciler performs them. */
export class OperationsService {
  readonly #kinds = new Map<string, OperationKind>();

  constructor(
    readonly commands: Commands,
    readonly database: Database,
  ) {}

  /** A domain registers its kinds once, at start-up. */
  register(kind: OperationKind): void {
    this.#kinds.set(kind.kind, kind);
  }

  kind(name: string): OperationKind {
    const kind = this.#kinds.get(name);
    if (!kind)
      throw new TierdeckError('OPERATION_KIND_UNKNOWN', `No operation of kind ${name} is registered.`, 500);
    return kind;
  }

  get kinds(): string[] {
    return [...this.#kinds.keys()];
  }

  /** Writes the wanted operation in the caller's transaction. @returns its id. */
  async start(command: Command, operation: NewOperation): Promise<string> {
    const id = randomUUID();
    const kind = this.kind(operation.kind);
    const row = {
      id,
      subject: operation.subject,
      tenant_id: operation.tenantId ?? null,
      input: operation.input,
      requested_by: command.actor.name,
    };
    await insertOperation(command.tx, row, kind);
    await notifyDue(command, id);
    return id;
  }

  /** Takes a failed or cancelled operation up again at the step that stopped it. */
  async retry(command: Command, id: string): Promise<void> {
    const operation = await this.#locked(command, id);
    if (operation.status !== 'FAILED' && operation.status !== 'CANCELLED') {
      throw new ConflictError(
        'OPERATION_NOT_STOPPED',
        `Operation ${id} is ${operation.status}; only a failed or cancelled one can be retried.`,
      );
    }
    await command.tx.query(
      `update operation set status = 'PENDING', error_code = null, error_message = null, error_hint = null,
         finished_at = null, next_run_at = clock_timestamp(), lease_until = null, fence = fence + 1 where id = $1`,
      [id],
    );
    await command.tx.query(
      `update operation_step set status = 'PENDING', attempts = 0, error_message = null
       where operation_id = $1 and status not in ('SUCCEEDED', 'SKIPPED')`,
      [id],
    );
    await this.kind(operation.kind).onRetried?.(command, contextOf(operation));
    await command.record({
      area: 'operations',
      action: 'operation.retried',
      subject: `operation/${id}`,
      ...(operation.tenant_id ? { tenantId: operation.tenant_id } : {}),
      before: { status: operation.status },
      after: { status: 'PENDING' },
    });
    await notifyDue(command, id);
  }

  /** Lets a waiting operation look again now. */
  async hurry(command: Command, id: string): Promise<void> {
    await command.tx.query(
      `update operation set next_run_at = clock_timestamp() where id = $1 and status = 'WAITING'`,
      [id],
    );
    await notifyDue(command, id);
  }

  /** Stops an operation before its next step; what is done stays and can be retried. */
  async cancel(command: Command, id: string): Promise<void> {
    const operation = await this.#locked(command, id);
    if (!['PENDING', 'RUNNING', 'WAITING'].includes(operation.status)) {
      throw new ConflictError(
        'OPERATION_ENDED',
        `Operation ${id} is ${operation.status} and cannot be cancelled.`,
      );
    }
    await this.stop(command, operation, 'CANCELLED', {
      code: 'CANCELLED',
      message: `Cancelled by ${command.actor.name}.`,
    });
  }

  /** Marks an operation stopped in the caller's transaction; fences off whoever holds it. */
  async stop(
    command: Command,
    operation: OperationRow,
    status: 'FAILED' | 'CANCELLED',
    error: { code: string; message: string; hint?: string | undefined },
  ): Promise<void> {
    await command.tx.query(
      `update operation set status = $2, error_code = $3, error_message = $4, error_hint = $5,
         finished_at = clock_timestamp(), lease_until = null, fence = fence + 1 where id = $1`,
      [operation.id, status, error.code, error.message, error.hint ?? null],
    );
    await this.kind(operation.kind).onStopped?.(command, contextOf(operation), status);
    await command.record({
      area: 'operations',
      action: status === 'FAILED' ? 'operation.failed' : 'operation.cancelled',
      subject: `operation/${operation.id}`,
      ...(operation.tenant_id ? { tenantId: operation.tenant_id } : {}),
      before: { status: operation.status },
      after: { status, error },
    });
    await notifyOperation(command, operation.id);
  }

  /** Waits until an operation has ended, e.g. for start-up and tests. */
  async settled(id: string, timeoutMs: number): Promise<OperationStatus> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const [row] = await this.database.query<{ status: OperationStatus }>(
        'select status from operation where id = $1',
        [id],
      );
      if (!row) throw new NotFoundError('operation', id);
      if (['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(row.status) || Date.now() > deadline)
        return row.status;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #locked(command: Command, id: string): Promise<OperationRow> {
    if (!/^[0-9a-f-]{36}$/i.test(id)) throw new NotFoundError('operation', id);
    const operation = await lockOperation(command.tx, id);
    if (!operation) throw new NotFoundError('operation', id);
    return operation;
  }
}

export async function notifyOperation(command: Pick<Command, 'tx'>, id: string): Promise<void> {
  await rowsOf(command.tx, 'select pg_notify($1, $2)', [OPERATION_CHANNEL, id]);
}

async function notifyDue(command: Pick<Command, 'tx'>, id: string): Promise<void> {
  const channels = [OPERATION_CHANNEL, OPERATION_DUE_CHANNEL];
  await rowsOf(command.tx, 'select pg_notify(channel, $2) from unnest($1::text[]) as channel', [
    channels,
    id,
  ]);
}

export function contextOf(
  operation: OperationRow,
  attempt = 1,
  progress: StepContext['progress'] = async () => undefined,
  interrupted = false,
): StepContext {
  return {
    operationId: operation.id,
    subject: operation.subject,
    tenantId: operation.tenant_id ?? undefined,
    input: operation.input,
    state: operation.state,
    attempt,
    interrupted,
    progress,
  };
}
