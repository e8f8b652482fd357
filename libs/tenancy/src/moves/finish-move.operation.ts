import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { StepFailed, StepWaiting, type OperationKind, type StepContext, type StepOutcome } from '#operations';
import { updateTenant } from '../tenants.store.js';
import { MoveCleaner } from './move-cleaner.js';
import { FINISH_MOVE } from './move-kinds.js';
import { MoveWorkplace } from './move-workplace.js';
import { updateMove } from './moves.store.js';

/** Looks at the clock at least this often while a tenant may still go back, in milliseconds. */
const longestWaitMs = 60_000;

/** Waits until nobody wants the tenant back, then erases the database that it left, with a receipt. */
@Injectable()
export class FinishMoveOperation implements OperationKind {
  readonly kind = FINISH_MOVE;
  readonly maxAttempts = 1_000;

  readonly steps = [
    {
      name: 'undo-window',
      title: 'Keep the way back open',
      perform: (context: StepContext) => this.#await(context),
      record: (command: Command, context: StepContext) => this.#closeWayBack(command, context),
    },
    {
      name: 'drop-streams',
      title: 'End the replication',
      perform: (context: StepContext) => this.#dropStreams(context),
    },
    {
      name: 'erase',
      title: 'Erase the former database',
      perform: (context: StepContext) => this.#erase(context),
    },
    {
      name: 'close',
      title: 'Keep a receipt',
      record: (command: Command, context: StepContext) => this.#close(command, context),
    },
  ];

  constructor(
    private readonly work: MoveWorkplace,
    private readonly cleaner: MoveCleaner,
  ) {}

  async #await(context: StepContext): Promise<void> {
    const move = await this.work.move(context);
    if (!move.undoUntil) return;
    const left = move.undoUntil.getTime() - (await this.work.now()).getTime();
    if (left <= 0) return;
    const until = move.undoUntil.toISOString().slice(0, 19).replace('T', ' ');
    const lost = await this.cleaner.wayBackLost(move);
    const message = lost
      ? `There is no way back: ${lost} The former database is kept until ${until} UTC.`
      : `The tenant may go back until ${until} UTC.`;
    throw new StepWaiting(message, Math.min(left, longestWaitMs));
  }

  async #closeWayBack(command: Command, context: StepContext): Promise<void> {
    const move = await this.work.locked(command, context);
    if (move.state !== 'UNDO_WINDOW') {
      throw new StepFailed('MOVE_STATE_CONFLICT', `The move is ${move.state} and cannot be finished.`, 409);
    }
    await updateTenant(command.tx, move.tenantId, { standby_database_id: null });
    const revision = await this.work.record(command, context, 'tenant.move-way-back-closed', undefined, {
      former: move.sourceName,
    });
    await updateMove(command.tx, move.id, { state: 'FINISHING', told_revision: revision, undo_until: null });
  }

  async #dropStreams(context: StepContext): Promise<void> {
    const move = await this.work.move(context);
    await this.cleaner.patiently(async () => {
      await this.cleaner.dropStreams(move, move.targetId);
      await this.cleaner.settleHome(move, move.targetId);
      if (await this.cleaner.exists(move.sourceId)) await this.cleaner.dropStreams(move, move.sourceId);
    });
  }

  async #erase(context: StepContext): Promise<StepOutcome> {
    const move = await this.work.move(context);
    const behind = await this.work.behind(move);
    if (behind > 0) throw new StepWaiting(`Waiting for ${behind} data-plane process(es) to leave it.`);
    return this.cleaner.patiently(async () => {
      if (!(await this.cleaner.exists(move.sourceId))) return { erasure: null };
      const erasure = await this.cleaner.erase(move, move.sourceId, context);
      if (erasure.remaining > 0) throw new Error(`${erasure.remaining} row(s) are still there`);
      return { erasure };
    });
  }

  async #close(command: Command, context: StepContext): Promise<void> {
    const move = await this.work.locked(command, context);
    await this.cleaner.forget(command, move.sourceId);
    const receipt = { erasure: context.state['erasure'], verified: move.verified };
    await updateMove(command.tx, move.id, { state: 'FINISHED', finished_at: new Date(), receipt });
    await this.work.record(command, context, 'tenant.move-finished', { database: move.sourceName }, receipt);
  }
}
