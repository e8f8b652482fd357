import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { OperationsService, type OperationKind, type StepContext, type StepOutcome } from '#operations';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { cutOver } from './cut-over.js';
import { isBeforeCutOver, MoveStateError, type TenantMove } from './move.js';
import { refuse, schemaFlaws } from './move-checks.js';
import { MoveComparison } from './move-comparison.js';
import { MoveCopying } from './move-copying.js';
import { ABORT_MOVE, MOVE_TENANT, UNDO_MOVE } from './move-kinds.js';
import { MovePreparation } from './move-preparation.js';
import { hasMoved } from './move-session.js';
import { MoveStreams } from './move-streams.js';
import { MoveWorkplace } from './move-workplace.js';
import { findMove, stoppedBy, updateMove } from './moves.store.js';
import { claimHome, openHome, readHome } from './tenant-home.js';
import { UndoWindow } from './undo-window.js';
import { startFinish, stayWhereItWent, WAY_BACK_LOST } from './way-back.js';

/**
 * Moves a tenant's rows to another database while it is served. Until the cut-over everything can be taken back; the
 * commit point is one row in the source (tenant_home), and whoever takes the operation over looks there first. Each
 * step can be repeated after a crash at any point.
 */
@Injectable()
export class MoveTenantOperation implements OperationKind {
  readonly kind = MOVE_TENANT;
  readonly maxAttempts = 8;

  readonly steps = [
    {
      name: 'prepare-target',
      title: 'Check both databases and make the target',
      perform: (context: StepContext) => this.preparation.perform(context),
      record: (command: Command, context: StepContext) => this.#note(command, context, 'COPYING'),
    },
    {
      name: 'copy-rows',
      title: 'Copy the rows',
      perform: (context: StepContext) => this.copying.perform(context),
      record: (command: Command, context: StepContext) => this.#announce(command, context),
    },
    {
      name: 'follow-changes',
      title: 'Follow the changes until the target has caught up',
      perform: (context: StepContext) => this.#follow(context),
    },
    {
      name: 'cut-over',
      title: 'Pause the writers and cut over',
      perform: (context: StepContext) => this.#cutOver(context),
      record: (command: Command, context: StepContext) => this.#switch(command, context),
    },
    {
      name: 'arm-way-back',
      title: 'Keep the former database up to date',
      perform: (context: StepContext) => this.#armWayBack(context),
    },
    {
      name: 'verify',
      title: 'Compare every row of both databases',
      perform: (context: StepContext) => this.comparison.perform(context),
      record: (command: Command, context: StepContext) => this.#open(command, context),
    },
  ];

  constructor(
    private readonly work: MoveWorkplace,
    private readonly streams: MoveStreams,
    private readonly operations: OperationsService,
    private readonly undoWindow: UndoWindow,
    private readonly preparation: MovePreparation,
    private readonly copying: MoveCopying,
    private readonly comparison: MoveComparison,
  ) {}

  /** Before the cut-over: clean up. After it the rows differ, so go back; or a person decides. */
  async onStopped(command: Command, context: StepContext, status: 'FAILED' | 'CANCELLED'): Promise<void> {
    const move = await findMove(command.tx, context.operationId);
    if (!move) return;
    const { slug } = await lockTenant(command.tx, { id: move.tenantId });
    if (isBeforeCutOver(move.state)) {
      await this.#followUp(command, context, move, ABORT_MOVE, 'ABORTING');
      return;
    }
    if (status === 'CANCELLED') {
      throw new MoveStateError(slug, move, 'cancelled', `tierdeck tenant move ${slug} --undo`);
    }
    const code = await stoppedBy(command.tx, context.operationId);
    if (code === 'MOVE_ROWS_DIFFER') await this.#followUp(command, context, move, UNDO_MOVE, 'UNDOING');
    else if (code === WAY_BACK_LOST) await stayWhereItWent(command, this.operations, move);
  }

  async onRetried(command: Command, context: StepContext): Promise<void> {
    const move = await findMove(command.tx, context.operationId);
    if (move?.state === 'MOVED') return;
    const slug = context.subject.slice('tenant/'.length);
    throw new MoveStateError(slug, move, 'taken up again', `Move it anew: tierdeck tenant move ${slug}`);
  }

  async #followUp(
    command: Command,
    context: StepContext,
    move: TenantMove,
    kind: string,
    state: 'ABORTING' | 'UNDOING',
  ): Promise<void> {
    const operation = {
      kind,
      subject: context.subject,
      tenantId: move.tenantId,
      input: { move: move.id },
    };
    const id = await this.operations.start(command, operation);
    await updateMove(command.tx, move.id, { state, follow_up_id: id });
    await this.work.record(
      command,
      context,
      `tenant.move-${state.toLowerCase()}`,
      { state: move.state },
      { state },
    );
  }

  async #follow(context: StepContext): Promise<StepOutcome> {
    return this.work.with(context, async (session) => {
      if (await hasMoved(session)) return this.work.hurry(context);
      await claimHome(session.source.client, session.tenantId, session.move.id);
      await this.streams.startForward(session);
      await this.streams.prepareBack(session);
      await this.streams.awaitCaughtUp(session, context);
      return this.work.hurry(context);
    });
  }

  async #cutOver(context: StepContext): Promise<StepOutcome> {
    return this.work.with(context, async (session) => {
      const { move, source, target, tenantId } = session;
      const home = await readHome(source.client, tenantId);
      if (home.state === 'MOVED' && home.moveId === move.id) {
        await openHome(target.client, tenantId, move.id, home.epoch);
        return { epoch: home.epoch, ...this.work.hurry(context) };
      }
      await claimHome(source.client, tenantId, move.id);
      refuse(await schemaFlaws(source.client, target.client));
      await this.streams.awaitCaughtUp(session, context);
      const { snapshots, ...outcome } = await cutOver(session, source, target);
      this.comparison.keep(move.id, snapshots);
      return { ...outcome, ...this.work.hurry(context) };
    });
  }

  async #armWayBack(context: StepContext): Promise<StepOutcome> {
    await this.work.with(context, (session) => this.streams.turn(session));
    return this.work.hurry(context);
  }

  async #note(command: Command, context: StepContext, state: 'COPYING'): Promise<void> {
    await updateMove(command.tx, context.operationId, { state });
  }

  /** Tells the data plane where the tenant goes, so that it opens connections ahead. */
  async #announce(command: Command, context: StepContext): Promise<void> {
    const move = await this.work.locked(command, context);
    await updateTenant(command.tx, move.tenantId, { standby_database_id: move.targetId });
    const after = { from: move.sourceName, to: move.targetName, rows: context.state['copied'] };
    const revision = await this.work.record(command, context, 'tenant.move-copied', undefined, after);
    await updateMove(command.tx, move.id, { state: 'FOLLOWING', told_revision: revision });
  }

  async #switch(command: Command, context: StepContext): Promise<void> {
    const move = await this.work.locked(command, context);
    await updateTenant(command.tx, move.tenantId, {
      database_id: move.targetId,
      database_placement: move.toPlacement,
      standby_database_id: move.sourceId,
    });
    const { epoch, pauseMs } = context.state;
    const revision = await this.work.record(
      command,
      context,
      'tenant.moved',
      { database: move.sourceName, placement: move.fromPlacement },
      { database: move.targetName, placement: move.toPlacement, epoch, pauseMs },
    );
    await updateMove(command.tx, move.id, {
      state: 'MOVED',
      told_revision: revision,
      cut_over_at: new Date(),
      ...(typeof pauseMs === 'number' ? { pause_ms: pauseMs } : {}),
    });
  }

  async #open(command: Command, context: StepContext): Promise<void> {
    const move = await this.work.locked(command, context);
    const undoUntil = this.undoWindow.from(await this.work.now(command.tx));
    await startFinish(command, this.operations, move);
    const tenant = await lockTenant(command.tx, { id: move.tenantId });
    if (tenant.status === 'MOVING') await updateTenant(command.tx, move.tenantId, { status: 'ACTIVE' });
    await updateMove(command.tx, move.id, {
      state: 'UNDO_WINDOW',
      undo_until: undoUntil,
      lag_bytes: null,
      verified: context.state['verified'] as object,
    });
    await this.work.record(command, context, 'tenant.move-verified', undefined, {
      verified: context.state['verified'],
      undoUntil,
    });
  }
}
