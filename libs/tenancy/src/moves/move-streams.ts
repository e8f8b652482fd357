import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { StepWaiting, type StepContext } from '#operations';
import { TierdeckError } from '#platform';
import { DatabaseClusters } from '../databases/database-clusters.js';
import type { MoveSession, Side } from './move-session.js';
import { MoveWorkplace } from './move-workplace.js';
import {
  applyErrors,
  awaitMarker,
  createSlot,
  dropPublisher,
  dropSubscription,
  enableSubscription,
  ensurePublication,
  ensureSubscription,
  lagOf,
  writeMarker,
  type PublisherAddress,
} from './replication.js';
import { movedTables, type MovedTable } from './tenant-tables.js';

/** The stream is fast enough for a cut-over if a marker comes through within this time, in milliseconds. */
const caughtUpMs = 150;

/** How long one try of a step follows the stream before it lets other work of the reconciler go on. */
const followMs = 60_000;

/** A data-plane process that has not heard of the target after this time finds it without. */
const warmUpMs = 3_000;

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

  /** @throws StepWaiting if the target has not caught up yet, TierdeckError if it cannot take the changes. */
  async awaitCaughtUp(session: MoveSession, context: StepContext): Promise<void> {
    const { move, source, target, names, tenantId } = session;
    const since = performance.now();
    for (let n = 0; performance.now() - since < followMs; n++) {
      const lag = await lagOf(source.client, names.forward);
      const errors = await applyErrors(target.client, names.forward);
      if (errors > 3) {
        throw new TierdeckError(
          'MOVE_STREAM_BROKEN',
          'The target cannot take the changes of the source.',
          500,
          {
            hint: 'The log of the target’s PostgreSQL says why. The tenant stays where it is.',
          },
        );
      }
      await this.work.note(move.id, { lag_bytes: lag });
      const message = `${Math.ceil(lag / 1024)} KiB of changes to go`;
      await context.progress({ done: 0, total: lag, unit: 'bytes', message });
      const marker = `follow-${context.operationId}-${Date.now()}-${n}`;
      await writeMarker(source.client, tenantId, move.id, marker);
      const took = await awaitMarker(target.client, tenantId, move.id, marker, 5_000);
      const warm = performance.now() - since > warmUpMs || (await this.work.behind(move)) === 0;
      if (took !== undefined && took <= caughtUpMs && warm) return;
      await sleep(100);
    }
    throw new StepWaiting('The target takes the changes more slowly than the tenant makes them.', 1_000);
  }

  /** After the cut-over: ends the stream forward, then lets the stream back flow; both at once would go in a circle. */
  async turn(session: MoveSession): Promise<void> {
    await this.dropForward(session);
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
