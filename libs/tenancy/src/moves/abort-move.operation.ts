import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { OperationsService, type OperationKind, type StepContext, type StepOutcome } from '#operations';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { MoveCleaner } from './move-cleaner.js';
import { ABORT_MOVE } from './move-kinds.js';
import { prepareSession, takeMoverLock } from './move-session.js';
import { MoveWorkplace, patiently } from './move-workplace.js';
import { updateMove } from './moves.store.js';
import { readHome, releaseHome } from './tenant-home.js';

/**
 * Ends a move that was stopped before its cut-over: the tenant stays where it was, and what the move has made goes. If
 * the move got past the commit point before anybody knew, it goes forward instead: the source says which.
 */
@Injectable()
export class AbortMoveOperation implements OperationKind {
  readonly kind = ABORT_MOVE;
  readonly maxAttempts = 1_000;

  readonly steps = [
    {
      name: 'decide',
      title: 'Ask the source whether the tenant has moved',
      perform: (context: StepContext) => this.#decide(context),
      record: (command: Command, context: StepContext) => this.#settle(command, context),
    },
    {
      name: 'clean-up',
      title: 'Take away what the move has made',
      perform: (context: StepContext) => this.#cleanUp(context),
    },
    {
      name: 'close',
      title: 'Close the move',
      record: (command: Command, context: StepContext) => this.#close(command, context),
    },
  ];

  constructor(
    private readonly work: MoveWorkplace,
    private readonly cleaner: MoveCleaner,
    private readonly operations: OperationsService,
  ) {}

  async #decide(context: StepContext): Promise<StepOutcome> {
    const move = await this.work.move(context);
    return patiently(async () => {
      const source = await prepareSession(await this.work.databases.connect(move.sourceId));
      try {
        // Ends the session of a mover that does not know yet that it was stopped.
        await takeMoverLock(source, move.tenantId);
        await context.progress({});
        const home = await readHome(source, move.tenantId);
        if (home.state === 'MOVED' && home.moveId === move.id) return { forward: true };
        await releaseHome(source, move.tenantId, move.id);
        return { forward: false };
      } finally {
        await source.end();
      }
    });
  }

  async #settle(command: Command, context: StepContext): Promise<void> {
    const move = await this.work.locked(command, context);
    if (context.state['forward'] === true) {
      await updateMove(command.tx, move.id, { state: 'MOVED' });
      await this.operations.retry(command, move.id);
      return;
    }
    const tenant = await lockTenant(command.tx, { id: move.tenantId });
    await updateTenant(command.tx, move.tenantId, {
      standby_database_id: null,
      ...(tenant.status === 'MOVING' ? { status: 'ACTIVE' as const } : {}),
    });
    const after = { stays: move.sourceName };
    const revision = await this.work.record(command, context, 'tenant.move-aborted', undefined, after);
    await updateMove(command.tx, move.id, { told_revision: revision });
  }

  async #cleanUp(context: StepContext): Promise<StepOutcome> {
    if (context.state['forward'] === true) return undefined;
    return this.cleaner.cleanUp(await this.work.move(context), context, 'target');
  }

  async #close(command: Command, context: StepContext): Promise<void> {
    if (context.state['forward'] === true) return;
    await this.cleaner.close(command, context, 'ABORTED');
  }
}
