import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import type { Command } from '#audit';
import {
  OperationsService,
  StepFailed,
  type OperationKind,
  type StepContext,
  type StepOutcome,
} from '#operations';
import { migrate } from '#platform';
import { readReleaseMigrations, readTenantMigrations } from '../databases/tenant-migrations.js';
import { isolationFlaws } from '../databases/isolation-check.js';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { cutOver, endSnapshots, snapshotBoth, type Snapshots } from './cut-over.js';
import { isBeforeCutOver, MoveStateError, type TenantMove } from './move.js';
import { refuse, refuseInterrupted, schemaFlaws, serverFlaws, sourceFlaws } from './move-checks.js';
import { prepareSession, type MoveSession } from './move-session.js';
import { MoveStreams } from './move-streams.js';
import { explained, MoveWorkplace } from './move-workplace.js';
import { findMove, stoppedBy, updateMove } from './moves.store.js';
import { ABORT_MOVE, MOVE_TENANT, UNDO_MOVE } from './move-kinds.js';
import { UndoWindow } from './undo-window.js';
import { claimHome, closeHome, openHome, readHome } from './tenant-home.js';
import { copyTenant, differences, digestTables, eraseTenant } from './tenant-copy.js';
import { appliedMigrations, ensureFences, movedTables } from './tenant-tables.js';
import { createSlot, hasMarker, writeMarker } from './replication.js';
import { refuseLostWayBack, startFinish, stayWhereItWent, WAY_BACK_LOST } from './way-back.js';

/** In the target once every row of the source's snapshot is in it. */
const copied = 'copied';

/** How often progress is told while rows are copied, in milliseconds. */
const tellEveryMs = 500;

/** Longest time the snapshots of a cut-over wait for their comparison, in milliseconds. */
const snapshotsKeptMs = 60_000;

/**
 * Moves a tenant's rows to another database while it is served. Until the cut-over everything can be taken back; the
 * commit point is one row in the source (tenant_home), and whoever takes the operation over looks there first. Each
 * step can be repeated after a crash at any point.
 */
@Injectable()
export class MoveTenantOperation implements OperationKind {
  readonly kind = MOVE_TENANT;
  readonly maxAttempts = 8;
  /** Snapshots of the cut-over, for the comparison after it; a mover that died takes new ones. */
  readonly #snapshots = new Map<string, Snapshots>();

  readonly steps = [
    {
      name: 'prepare-target',
      title: 'Check both databases and make the target',
      perform: (context: StepContext) => this.#prepare(context),
      record: (command: Command, context: StepContext) => this.#note(command, context, 'COPYING'),
    },
    {
      name: 'copy-rows',
      title: 'Copy the rows',
      perform: (context: StepContext) => this.#copy(context),
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
      perform: (context: StepContext) => this.#verify(context),
      record: (command: Command, context: StepContext) => this.#open(command, context),
    },
  ];

  constructor(
    private readonly work: MoveWorkplace,
    private readonly streams: MoveStreams,
    private readonly operations: OperationsService,
    private readonly undoWindow: UndoWindow,
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

  async #prepare(context: StepContext): Promise<StepOutcome> {
    refuseInterrupted(context);
    return explained(async () => {
      const move = await this.work.move(context);
      const source = await prepareSession(await this.work.databases.connect(move.sourceId));
      let rows: number;
      try {
        refuse(await sourceFlaws(source, await this.work.otherMoves(move, move.sourceId)));
        const home = await readHome(source, move.tenantId);
        if (home.state === 'MOVED') refuse(['The tenant does not live in the source.']);
        await ensureFences(source);
        rows = await this.#rows(source, move.tenantId);
        await this.#makeTarget(move, source);
      } finally {
        await source.end();
      }
      await this.work.with(context, async (session) => {
        const target = session.target.client;
        refuse([
          ...(await serverFlaws(target, 'target', await this.work.otherMoves(move, move.targetId))),
          ...(await schemaFlaws(session.source.client, target)),
        ]);
        const { role } = await this.work.databases.login(move.targetId);
        refuse(await isolationFlaws(target, role));
        await ensureFences(target);
        if (!(await claimHome(session.source.client, move.tenantId, move.id))) {
          refuse(['The tenant does not live in the source.']);
        }
        await closeHome(target, move.tenantId, move.id);
      });
      await this.work.note(move.id, { rows_total: rows });
      return { rows };
    });
  }

  /** A database of the tenant's own, with the schema that the source has. */
  async #makeTarget(move: TenantMove, source: pg.Client): Promise<void> {
    if (move.toPlacement !== 'DEDICATED') return;
    await this.work.databases.createDedicated(move.targetId);
    const applied = new Set(await appliedMigrations(source));
    const released = (await readReleaseMigrations()).filter(({ name }) => applied.has(name));
    const target = await this.work.databases.connect(move.targetId);
    try {
      const wanted = [...(await readTenantMigrations()), ...released].sort((a, b) =>
        a.name < b.name ? -1 : 1,
      );
      await migrate(target, wanted);
    } finally {
      await target.end();
    }
  }

  async #rows(client: pg.Client, tenantId: string): Promise<number> {
    let rows = 0;
    for (const { name } of await movedTables(client)) {
      const result = await client.query<{ n: string }>(
        `select count(*) as n from "${name}" where tenant_id = $1`,
        [tenantId],
      );
      rows += Number(result.rows[0]?.n);
    }
    return rows;
  }

  async #copy(context: StepContext): Promise<StepOutcome> {
    return this.work.with(context, async (session) => {
      const { move, source, target, tenantId } = session;
      if (await this.#isMoved(session)) return undefined;
      if (await hasMarker(target.client, tenantId, move.id, copied)) return undefined;
      refuseInterrupted(context);
      await this.streams.dropForward(session);
      await claimHome(source.client, tenantId, move.id);
      const tables = await movedTables(source.client);
      const erased = [...tables, { name: 'move_marker' }];
      await eraseTenant(target.client, tenantId, erased, this.work.pace(), () => context.progress({}));
      await this.streams.publishForward(session, tables);
      const total = Number(context.state['rows'] ?? 0);
      let told = performance.now();
      let lost: unknown;
      const onRows = (done: number): void => {
        if (performance.now() - told < tellEveryMs) return;
        told = performance.now();
        Promise.all([
          context.progress({ done, total, unit: 'rows' }),
          this.work.note(move.id, { rows_copied: done }),
        ]).catch((error: unknown) => (lost ??= error));
      };
      const rows = await createSlot(source, session.names.forward, async (snapshot) => {
        await source.client.query(`begin isolation level repeatable read read only`);
        await source.client.query(`set transaction snapshot '${snapshot}'`);
        await target.client.query('begin; set local session_replication_role = replica');
        // What fails ends both sessions: one that is in the middle of a COPY answers to nothing else.
        const count = await copyTenant(
          source.client,
          target.client,
          tenantId,
          tables,
          this.work.pace(),
          onRows,
        );
        await writeMarker(target.client, tenantId, move.id, copied);
        if (lost) throw lost;
        await target.client.query('commit');
        await source.client.query('rollback');
        return count;
      });
      if (move.toPlacement === 'DEDICATED') await target.client.query('analyze');
      await this.work.note(move.id, { rows_copied: rows });
      await context.progress({ done: rows, total: rows, unit: 'rows' });
      return { copied: rows };
    });
  }

  async #follow(context: StepContext): Promise<StepOutcome> {
    return this.work.with(context, async (session) => {
      if (await this.#isMoved(session)) return this.work.hurry(context);
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
      this.#keep(move.id, snapshots);
      return { ...outcome, ...this.work.hurry(context) };
    });
  }

  async #armWayBack(context: StepContext): Promise<StepOutcome> {
    await this.work.with(context, (session) => this.streams.turn(session));
    return this.work.hurry(context);
  }

  async #verify(context: StepContext): Promise<StepOutcome> {
    return this.work.with(context, async (session) => {
      const { move, source, tenantId } = session;
      const tables = await movedTables(source.client);
      // The snapshots of the cut-over are gone with the process that took them: take new ones of the way back.
      const back = this.#snapshots.has(move.id) ? undefined : await this.#snapshotsAnew(session, context);
      const kept = this.#snapshots.get(move.id) ?? {
        from: back?.to as pg.Client,
        to: back?.from as pg.Client,
      };
      try {
        const [here, there] = await Promise.all([
          digestTables(kept.from, tenantId, tables, this.work.pace(context)),
          digestTables(kept.to, tenantId, tables, this.work.pace(context)),
        ]);
        const different = differences(here, there);
        if (different.length > 0) {
          throw new StepFailed('MOVE_ROWS_DIFFER', `${different.join(' ')} The tenant goes back.`, 500, {
            hint: 'Nothing is lost: both databases are kept. Look at the table before you move again.',
          });
        }
        return { verified: here };
      } finally {
        this.#snapshots.delete(move.id);
        await endSnapshots(kept);
      }
    });
  }

  async #snapshotsAnew(session: MoveSession, context: StepContext): Promise<Snapshots> {
    await refuseLostWayBack(session, context.subject);
    await this.streams.awaitCaughtUp(session, context, 'back');
    return snapshotBoth(session, session.target, session.source);
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

  async #isMoved({ source, tenantId, move }: MoveSession): Promise<boolean> {
    const home = await readHome(source.client, tenantId);
    return home.state === 'MOVED' && home.moveId === move.id;
  }

  #keep(moveId: string, snapshots: Snapshots): void {
    const before = this.#snapshots.get(moveId);
    if (before) void endSnapshots(before);
    this.#snapshots.set(moveId, snapshots);
    // Another process may have taken the operation over; a snapshot that nobody ends holds the server's vacuum up.
    setTimeout(() => {
      if (this.#snapshots.get(moveId) !== snapshots) return;
      this.#snapshots.delete(moveId);
      void endSnapshots(snapshots);
    }, snapshotsKeptMs).unref();
  }
}
