import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { StepWaiting } from '#operations';
import { awaitMarker, copySequences, seal } from './replication.js';
import type { MoveSession, Side } from './move-session.js';
import {
  commitMoved,
  expectArrival,
  FenceBusy,
  liftPause,
  openHome,
  pauseHome,
  pauseLimitMs,
  readHome,
  type Pause,
} from './tenant-home.js';

/** Two databases as they were at the same moment of a tenant, each in a read-only transaction. */
export interface Snapshots {
  from: pg.Client;
  to: pg.Client;
}

export interface CutOver {
  epoch: number;
  /** How long writers were kept waiting, in milliseconds. */
  pauseMs: number;
  snapshots: Snapshots;
}

/** The marker of a pause must come through within this time, or the pause is lifted; in milliseconds. */
const markerTimeoutMs = 0.6 * pauseLimitMs;

/** Pauses between two tries at a fence that is held up; each try keeps writers waiting for a moment. */
const fenceRetryMs = { least: 1_000, most: 15_000 };

/** The longer a transaction has held the fence up, the less often it is worth to try. */
function fenceRetry({ blockers }: FenceBusy): number {
  const quarter = (blockers[0]?.seconds ?? 0) * 250;
  return Math.min(Math.max(quarter, fenceRetryMs.least), fenceRetryMs.most);
}

/**
 * Pauses the tenant in `from`, waits until `to` has all of it, and lets `decide` end the pause. Whatever fails, the
 * writers go on where they were.
 * @throws StepWaiting if a transaction holds the fence up or the stream is too slow: the next try may go well.
 */
async function whilePaused<T>(
  move: { id: string; tenantId: string },
  from: Side,
  to: Side,
  decide: (pause: Pause, snapshots: Snapshots) => Promise<T>,
): Promise<T> {
  const { tenantId } = move;
  const snapshots: Snapshots = { from: await from.connect(), to: await to.connect() };
  let pause: Pause | undefined;
  let kept = false;
  try {
    // Whatever writers wait for here runs side by side; what needs no pause was done before it.
    const begin = 'begin isolation level repeatable read read only; select 1 from tenant_home limit 1';
    pause = await pauseHome(from.client, tenantId, move.id);
    const arrival = awaitMarker(snapshots.to, tenantId, move.id, pause.marker, markerTimeoutMs);
    const [arrived] = await Promise.all([
      arrival,
      copySequences(from.client, to.client),
      snapshots.from.query(begin),
    ]);
    if (arrived === undefined) throw new StepWaiting('The target fell behind at the cut-over; trying again.');
    await snapshots.to.query(begin);
    const result = await decide(pause, snapshots);
    kept = true;
    return result;
  } catch (error) {
    if (pause) await liftPause(from.client, tenantId, pause.token).catch(() => undefined);
    if (error instanceof FenceBusy) {
      throw new StepWaiting(`${error.message} ${error.hint}`, fenceRetry(error));
    }
    throw error;
  } finally {
    if (!kept) await endSnapshots(snapshots);
  }
}

/**
 * Moves the tenant from one database to the other. The commit point is the one statement that says in the old home that
 * the tenant has moved; only then is the new home opened: by us, or by the first writer that comes with the key which the
 * old home hands out from then on.
 */
export async function cutOver(session: MoveSession, from: Side, to: Side): Promise<CutOver> {
  const { move, tenantId } = session;
  const key = randomUUID();
  const { epoch: before } = await readHome(from.client, tenantId);
  await expectArrival(to.client, tenantId, move.id, key, before + 1);
  return whilePaused({ id: move.id, tenantId }, from, to, async (pause, snapshots) => {
    await seal(to.client, tenantId, move.id);
    const epoch = await commitMoved(from.client, tenantId, pause, key);
    if (epoch === undefined) throw new StepWaiting('The pause of the writers ran out; trying again.', 1_000);
    await openHome(to.client, tenantId, move.id, epoch);
    return { epoch, pauseMs: performance.now() - pause.since, snapshots };
  });
}

/** Two snapshots of the same moment without a move: the tenant lives in `home` and goes on there. */
export async function snapshotBoth(session: MoveSession, home: Side, other: Side): Promise<Snapshots> {
  const { move, tenantId } = session;
  return whilePaused({ id: move.id, tenantId }, home, other, async (pause, snapshots) => {
    await liftPause(home.client, tenantId, pause.token);
    return snapshots;
  });
}

export async function endSnapshots(snapshots: Snapshots): Promise<void> {
  await Promise.all([snapshots.from, snapshots.to].map((client) => client.end().catch(() => undefined)));
}
