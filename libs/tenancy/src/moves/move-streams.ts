import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { StepWaiting, type StepContext } from '#operations';
import { TierdeckError } from '#platform';
import { readLeaseMs } from '#runtime/wire';
import { DatabaseClusters } from '../databases/database-clusters.js';
import type { MoveSession, Side } from './move-session.js';
import { MoveWorkplace } from './move-workplace.js';
import {
  applyState,
  awaitMarker,
  createSlot,
  dropPublisher,
  dropSubscription,
  enableSubscription,
  ensurePublication,
  ensureSubscription,
  lagOf,
  skipUntilSealed,
  writeMarker,
  type PublisherAddress,
} from './replication.js';
import { movedTables, type MovedTable } from './tenant-tables.js';

/** The stream is fast enough for a cut-over if a marker comes through within this time, in milliseconds. */
const caughtUpMs = 150;

/** How long one try of a step follows the stream before it lets other work of the reconciler go on. */
const followMs = 60_000;

/**
 * Longest wait for data-plane processes that have not heard of the target, in milliseconds. Then those that are still
 * cut off have lost their lease (readLeaseMs): they ask before they read, and so find the target without being told. A
 * tenth and a fifth of a second are for clocks that do not run alike.
 */
const tellTimeoutMs = 1.1 * readLeaseMs + 200;

const noWorker =
  'The stream has no worker: its server has none left (max_logical_replication_workers) or cannot reach the other; its log says why.';

function streamBroken(): TierdeckError {
  const hint = 'The log of the PostgreSQL that takes them says why. The tenant stays where it is.';
  return new TierdeckError('MOVE_STREAM_BROKEN', 'The changes of the tenant cannot be taken over.', 500, {
    hint,
  });
}

/** The two streams of a move: the source's changes to the target until the cut-over, the target's back after it. */
@Injectable()
export class MoveStreams {
  constructor(
    private readonly work: MoveWorkplace,
    private readonly clusters: DatabaseClusters,
  ) {}

  async publishForward(session: MoveSession, tables: readonly MovedTable[]): Promise<void> {
    const names = [...tables.map(({ name }) => name), 'move_marker'];
    await ensurePublication(session.source.client, session.names.forward, session.tenantId, names);
  }

  async startForward({ source, target, names }: MoveSession): Promise<void> {
    await ensureSubscription(target.client, {
      name: names.forward,
      publisher: source,
      address: await this.#addressOf(source),
      enabled: true,
      onlyOwnChanges: false,
    });
  }

  /**
   * Makes the stream back, which starts to flow after the cut-over. Its slot exists before anybody writes in the
   * target, so that it misses nothing; what came to the target by the stream forward is left out of it.
   */
  async prepareBack(session: MoveSession): Promise<void> {
    const { source, target, names, tenantId } = session;
    const tables = (await movedTables(target.client)).map(({ name }) => name);
    await ensurePublication(target.client, names.back, tenantId, [...tables, 'move_marker']);
    const { rowCount } = await target.client.query(
      'select 1 from pg_replication_slots where slot_name = $1',
      [names.back],
    );
    if (!rowCount) await createSlot(target, names.back, async () => undefined);
    await ensureSubscription(source.client, {
      name: names.back,
      publisher: target,
      address: await this.#addressOf(target),
      enabled: false,
      onlyOwnChanges: true,
    });
  }

  /**
   * Waits until a stream is so close behind that a pause of the writers will be short, and until no data-plane process
   * may read the tenant without knowing of the move.
   * @throws StepWaiting if it is not there yet, StepFailed MOVE_SLOT_LOST, TierdeckError if it cannot go on.
   */
  async awaitCaughtUp(
    session: MoveSession,
    context: StepContext,
    way: 'forward' | 'back' = 'forward',
  ): Promise<void> {
    const { move, tenantId } = session;
    const slot = session.names[way];
    const [from, to] =
      way === 'forward' ? [session.source, session.target] : [session.target, session.source];
    const since = performance.now();
    const before = await applyState(to.client, slot);
    let idle = false;
    for (let n = 0; performance.now() - since < followMs; n++) {
      const lag = await lagOf(from.client, slot);
      const { errors, working } = await applyState(to.client, slot);
      // A server that was restarted ends its streams with an error each, and they begin again.
      if (errors - before.errors > 3) throw streamBroken();
      await this.work.note(move.id, { lag_bytes: lag });
      const message = idle && !working ? noWorker : `${Math.ceil(lag / 1024)} KiB of changes to go`;
      await context.progress({ done: 0, total: lag, unit: 'bytes', message });
      const marker = `follow-${context.operationId}-${Date.now()}-${n}`;
      await writeMarker(from.client, tenantId, move.id, marker);
      const took = await awaitMarker(to.client, tenantId, move.id, marker, 5_000);
      const told = performance.now() - since > tellTimeoutMs || (await this.work.behind(move)) === 0;
      if (took !== undefined && took <= caughtUpMs && told) return;
      idle = took === undefined && !working;
      await sleep(100);
    }
    const slow = 'The target takes the changes more slowly than the tenant makes them.';
    throw new StepWaiting(idle ? noWorker : slow, 1_000);
  }

  /**
   * After the cut-over: ends the stream forward, then lets the stream back flow; both at once would go in a circle.
   */
  async turn(session: MoveSession): Promise<void> {
    await this.dropForward(session);
    await skipUntilSealed(session.target.client, session.names.back, session.move.id);
    await enableSubscription(session.source.client, session.names.back);
  }

  async dropForward({ source, target, names }: MoveSession): Promise<void> {
    await dropSubscription(target.client, names.forward);
    await dropPublisher(source.client, names.forward);
  }

  async dropBack({ source, target, names }: Pick<MoveSession, 'source' | 'target' | 'names'>): Promise<void> {
    await dropSubscription(source.client, names.back);
    await dropPublisher(target.client, names.back);
  }

  async #addressOf({ databaseId, client }: Side): Promise<PublisherAddress> {
    const { cluster, database } = await this.work.databases.login(databaseId);
    // As the other server reaches it; the mover may come by another way.
    const { host, port } = await this.clusters.login(cluster);
    return { host: host || client.host, port, database };
  }
}
