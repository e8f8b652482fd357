import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import {
  OperationsService,
  StepFailed,
  StepWaiting,
  type OperationKind,
  type StepContext,
  type StepOutcome,
} from '#operations';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { cutOver, endSnapshots } from './cut-over.js';
import { MoveStateError } from './move.js';
import { MoveCleaner } from './move-cleaner.js';
import { UNDO_MOVE } from './move-kinds.js';
import { MoveStreams } from './move-streams.js';
import { MoveWorkplace } from './move-workplace.js';
import { stoppedBy, updateMove } from './moves.store.js';
import { claimHome, closeHome, openHome, readHome } from './tenant-home.js';
import { differences, digestTables } from './tenant-copy.js';
import { movedTables } from './tenant-tables.js';
import { refuseLostWayBack, stayWhereItWent, WAY_BACK_LOST } from './way-back.js';

/** Takes a tenant back to where it was, with all that was written since, and erases the other database. */
@Injectable()
export class UndoMoveOperation implements OperationKind {
  readonly kind = UNDO_MOVE;
  readonly maxAttempts = 30;

  readonly steps = [
    {
      name: 'switch-back',
      title: 'Pause the writers and go back',
      perform: (context: StepContext) => this.#switchBack(context),
      record: (command: Command, context: StepContext) => this.#tell(command, context),
    },
    {
      name: 'clean-up',
      title: 'Take away what the move has made',
      perform: (context: StepContext) => this.#cleanUp(context),
    },
    {
      name: 'close',
      title: 'Close the move',
      record: (command: Command, context: StepContext) => this.cleaner.close(command, context, 'UNDONE'),
    },
  ];

  constructor(
    private readonly work: MoveWorkplace,
    private readonly streams: MoveStreams,
    private readonly cleaner: MoveCleaner,
    private readonly operations: OperationsService,
  ) {}

  /** Without a way back the tenant stays; nothing has happened to it. */
  async onStopped(command: Command, context: StepContext): Promise<void> {
    if ((await stoppedBy(command.tx, context.operationId)) !== WAY_BACK_LOST) return;
    await stayWhereItWent(command, this.operations, await this.work.locked(command, context));
  }

  /** Whoever retries has looked at what differs. */
  async onRetried(command: Command, context: StepContext): Promise<void> {
    const move = await this.work.locked(command, context);
    if (move.state !== 'UNDOING') {
      const slug = context.subject.slice('tenant/'.length);
      throw new MoveStateError(slug, move, 'taken back', `Give it up: tierdeck tenant move ${slug} --finish`);
    }
    await command.tx.query(`update operation set state = state - 'different' where id = $1`, [
      context.operationId,
    ]);
  }

  async #switchBack(context: StepContext): Promise<StepOutcome> {
    return this.work.with(context, async (session) => {
      const { move, source, target, tenantId } = session;
      const left = await readHome(target.client, tenantId);
      if (left.state === 'MOVED') {
        await openHome(source.client, tenantId, move.id, left.epoch);
        return { epoch: left.epoch };
      }
      await refuseLostWayBack(session, context.subject);
      await this.streams.turn(session);
      await claimHome(target.client, tenantId, move.id);
      const home = await readHome(source.client, tenantId);
      if (home.state !== 'PAUSED') await closeHome(source.client, tenantId, move.id);
      await this.streams.awaitCaughtUp(session, context, 'back');
      const { epoch, pauseMs, snapshots } = await cutOver(session, target, source);
      try {
        const tables = await movedTables(source.client);
        const digests = await Promise.all([
          digestTables(snapshots.to, tenantId, tables, this.work.pace(context)),
          digestTables(snapshots.from, tenantId, tables, this.work.pace(context)),
        ]);
        return { epoch, pauseMs, different: differences(...digests) };
      } finally {
        await endSnapshots(snapshots);
      }
    });
  }

  async #tell(command: Command, context: StepContext): Promise<void> {
    const move = await this.work.locked(command, context);
    const tenant = await lockTenant(command.tx, { id: move.tenantId });
    await updateTenant(command.tx, move.tenantId, {
      database_id: move.sourceId,
      database_placement: move.fromPlacement,
      standby_database_id: null,
      ...(tenant.status === 'MOVING' ? { status: 'ACTIVE' as const } : {}),
    });
    const { epoch, pauseMs, different } = context.state;
    const revision = await this.work.record(
      command,
      context,
      'tenant.move-undone',
      { database: move.targetName, placement: move.toPlacement },
      { database: move.sourceName, placement: move.fromPlacement, epoch, pauseMs, different },
    );
    await updateMove(command.tx, move.id, { told_revision: revision, undo_until: null });
  }

  async #cleanUp(context: StepContext): Promise<StepOutcome> {
    const move = await this.work.move(context);
    const different = (context.state['different'] ?? []) as string[];
    if (different.length > 0) {
      throw new StepFailed(
        'MOVE_ROWS_DIFFER',
        `The tenant is back, and both databases are kept: ${different.join(' ')}`,
        500,
        {
          hint: `Compare ${move.sourceName} and ${move.targetName}; a retry erases the latter.`,
        },
      );
    }
    const behind = await this.work.behind(move);
    if (behind > 0) throw new StepWaiting(`Waiting for ${behind} data-plane process(es) to hear of it.`);
    return this.cleaner.cleanUp(move, context, 'source');
  }
}
