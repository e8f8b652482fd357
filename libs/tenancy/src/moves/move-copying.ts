import { Injectable } from '@nestjs/common';
import type { StepContext, StepOutcome } from '#operations';
import { refuseInterrupted } from './move-checks.js';
import { hasMoved } from './move-session.js';
import { MoveStreams } from './move-streams.js';
import { MoveWorkplace } from './move-workplace.js';
import { createSlot, hasMarker, writeMarker } from './replication.js';
import { claimHome } from './tenant-home.js';
import { copyTenant, eraseTenant } from './tenant-copy.js';
import { movedTables } from './tenant-tables.js';

/** In the target once every row of the source's snapshot is in it. */
const copied = 'copied';

/** How often progress is told while rows are copied, in milliseconds. */
const tellEveryMs = 1_000;

/** Second step of a move: the rows as they were when the stream of their changes began. */
@Injectable()
export class MoveCopying {
  constructor(
    private readonly work: MoveWorkplace,
    private readonly streams: MoveStreams,
  ) {}

  async perform(context: StepContext): Promise<StepOutcome> {
    return this.work.with(context, async (session) => {
      const { move, source, target, tenantId } = session;
      if (await hasMoved(session)) return undefined;
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
}
