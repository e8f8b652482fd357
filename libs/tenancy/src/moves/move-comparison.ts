import { Injectable } from '@nestjs/common';
import { StepFailed, type StepContext, type StepOutcome } from '#operations';
import { endSnapshots, snapshotBoth, type Snapshots } from './cut-over.js';
import type { MoveSession } from './move-session.js';
import { MoveStreams } from './move-streams.js';
import { MoveWorkplace } from './move-workplace.js';
import { differences, digestTables } from './tenant-copy.js';
import { movedTables } from './tenant-tables.js';
import { refuseLostWayBack } from './way-back.js';

/** Longest time the snapshots of a cut-over wait for their comparison, in milliseconds. */
const snapshotsKeptMs = 60_000;

/** Last step of a move: every row of both databases as they were at the same moment. */
@Injectable()
export class MoveComparison {
  /** Snapshots of the cut-over, for the comparison after it; a mover that died takes new ones. */
  readonly #snapshots = new Map<string, Snapshots>();

  constructor(
    private readonly work: MoveWorkplace,
    private readonly streams: MoveStreams,
  ) {}

  /** For {@link perform}, which closes them. */
  keep(moveId: string, snapshots: Snapshots): void {
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

  async perform(context: StepContext): Promise<StepOutcome> {
    return this.work.with(context, async (session) => {
      const { move, source, tenantId } = session;
      const tables = await movedTables(source.client);
      // The snapshots of the cut-over are gone with the process that took them: take new ones of the way back.
      const kept = this.#taken(move.id) ?? (await this.#snapshotsAnew(session, context));
      try {
        // One after the other: side by side they would take two cores from the neighbours.
        const here = await digestTables(kept.from, tenantId, tables, this.work.pace(context));
        const there = await digestTables(kept.to, tenantId, tables, this.work.pace(context));
        const different = differences(here, there);
        if (different.length > 0) {
          throw new StepFailed('MOVE_ROWS_DIFFER', `${different.join(' ')} The tenant goes back.`, 500, {
            hint: 'Nothing is lost: both databases are kept. Look at the table before you move again.',
          });
        }
        return { verified: here };
      } finally {
        await endSnapshots(kept);
      }
    });
  }

  async #snapshotsAnew(session: MoveSession, context: StepContext): Promise<Snapshots> {
    await refuseLostWayBack(session, context.subject);
    await this.streams.awaitCaughtUp(session, context, 'back');
    const { from, to } = await snapshotBoth(session, session.target, session.source);
    return { from: to, to: from };
  }

  /** From now on nobody ends them but whoever takes them. */
  #taken(moveId: string): Snapshots | undefined {
    const snapshots = this.#snapshots.get(moveId);
    this.#snapshots.delete(moveId);
    return snapshots;
  }
}
