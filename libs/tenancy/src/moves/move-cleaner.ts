import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import type { StepContext } from '#operations';
import { TierdeckError } from '#platform';
import { DatabaseProvisioner } from '../databases/database-provisioner.js';
import type { TenantMove } from './move.js';
import { moveNames } from './move.js';
import { prepareSession } from './move-session.js';
import { MoveWorkplace, patiently } from './move-workplace.js';
import { updateMove } from './moves.store.js';
import { dropPublisher, dropSubscription, lagOf } from './replication.js';
import { leaveHome, releaseHome } from './tenant-home.js';
import { eraseTenant } from './tenant-copy.js';
import { movedTables } from './tenant-tables.js';

/** What a database that a tenant left had, and what is still there. */
export interface Erasure {
  database: string;
  /** The whole database was dropped, or the tenant's rows were deleted from it. */
  how: 'DROPPED' | 'ROWS_DELETED';
  /** Deleted rows by table. */
  erased: Record<string, number>;
  /** Rows that are left; always 0. */
  remaining: number;
}

/** Takes away what a move has made, and the rows where the tenant does not live. Repeated, it ends the same. */
@Injectable()
export class MoveCleaner {
  constructor(
    private readonly work: MoveWorkplace,
    private readonly provisioner: DatabaseProvisioner,
  ) {}

  /** Ends both streams on one of the two servers. */
  async dropStreams(move: TenantMove, databaseId: string): Promise<void> {
    const { forward, back } = moveNames(move.id);
    await this.#connected(databaseId, async (client) => {
      for (const name of [forward, back]) await dropSubscription(client, name);
      for (const name of [forward, back]) await dropPublisher(client, name);
    });
  }

  /** Why what is written in the target cannot be brought back any more; undefined while it can, or nobody answers. */
  async wayBackLost(move: TenantMove): Promise<string | undefined> {
    try {
      await this.#connected(move.targetId, (client) => lagOf(client, moveNames(move.id).back));
    } catch (error) {
      if (error instanceof TierdeckError && error.code === 'MOVE_SLOT_LOST') return error.message;
    }
    return undefined;
  }

  /** Ends the claim of the move on the home in which the tenant lives, and forgets the markers. */
  async settleHome(move: TenantMove, databaseId: string): Promise<void> {
    await this.#connected(databaseId, async (client) => {
      await releaseHome(client, move.tenantId, move.id);
      await client.query('delete from move_marker where tenant_id = $1', [move.tenantId]);
    });
  }

  /** Erases the tenant where it does not live: a database of its own is dropped, else its rows are deleted. */
  async erase(move: TenantMove, databaseId: string, context: StepContext): Promise<Erasure> {
    const [database] = await this.work.databases.byIds([databaseId]);
    if (!database) return { database: '(gone)', how: 'DROPPED', erased: {}, remaining: 0 };
    const name = `${database.cluster}/${database.name}`;
    if (database.kind === 'DEDICATED') {
      const place = { database: database.name, role: database.loginRole };
      await this.provisioner.dropDedicated(database.cluster, place);
      const remaining = Number(await this.provisioner.remains(database.cluster, place));
      return { database: name, how: 'DROPPED', erased: {}, remaining };
    }
    return this.#connected(databaseId, async (client) => {
      // The row stays: an instance that missed the move is told for ever that the tenant is elsewhere.
      await leaveHome(client, move.tenantId);
      const tables = [...(await movedTables(client)), { name: 'move_marker' }];
      const erased = await eraseTenant(client, move.tenantId, tables, this.work.pace(), (done) =>
        context.progress({ done, unit: 'rows' }),
      );
      let remaining = 0;
      for (const table of tables) {
        const { rows } = await client.query<{ n: string }>(
          `select count(*) as n from "${table.name}" where tenant_id = $1`,
          [move.tenantId],
        );
        remaining += Number(rows[0]?.n);
      }
      return { database: name, how: 'ROWS_DELETED', erased, remaining };
    });
  }

  /**
   * Takes away what a move has made where the tenant does not stay.
   * @param subscriber whose side takes the changes: it goes first, so that no stream is left without its other end.
   */
  cleanUp(
    move: TenantMove,
    context: StepContext,
    subscriber: 'source' | 'target',
  ): Promise<{ erasure: Erasure | null }> {
    return this.patiently(async () => {
      let targetExists = false;
      const source = async (): Promise<void> => {
        await this.dropStreams(move, move.sourceId);
        await this.settleHome(move, move.sourceId);
      };
      const target = async (): Promise<void> => {
        targetExists = await this.exists(move.targetId);
        if (targetExists && (await this.#opens(move.targetId))) await this.dropStreams(move, move.targetId);
      };
      for (const side of subscriber === 'source' ? [source, target] : [target, source]) await side();
      return { erasure: targetExists ? await this.erase(move, move.targetId, context) : null };
    });
  }

  /** Closes a move whose tenant is where it was. */
  async close(command: Command, context: StepContext, state: 'ABORTED' | 'UNDONE'): Promise<void> {
    const move = await this.work.locked(command, context);
    await this.forget(command, move.targetId);
    const receipt = { erasure: context.state['erasure'] };
    await updateMove(command.tx, move.id, { state, finished_at: new Date(), receipt });
    await this.work.record(command, context, 'tenant.move-cleaned-up', undefined, receipt);
  }

  /** Forgets a database of the tenant's own that was dropped. */
  async forget(command: Command, databaseId: string): Promise<void> {
    await command.tx.query(
      `delete from tenant_database d where id = $1 and kind = 'DEDICATED'
         and not exists (select from tenant t where d.id in (t.database_id, t.standby_database_id))`,
      [databaseId],
    );
  }

  /** Waits for a server that does not answer. What was to be done there is no tenant's concern. @throws StepWaiting */
  patiently<T>(work: () => Promise<T>): Promise<T> {
    return patiently(work, 'Its part is cleaned up once it is back.');
  }

  async #connected<T>(
    databaseId: string,
    work: (client: Awaited<ReturnType<typeof prepareSession>>) => Promise<T>,
  ): Promise<T> {
    const client = await prepareSession(await this.work.databases.connect(databaseId));
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Whether a session can be opened: not in a database of which the making or the dropping was cut off. */
  async #opens(databaseId: string): Promise<boolean> {
    const [database] = await this.work.databases.byIds([databaseId]);
    return database !== undefined && this.provisioner.opens(database.cluster, database.name);
  }

  /** @returns false if the database was never made, or is gone. */
  async exists(databaseId: string): Promise<boolean> {
    const [database] = await this.work.databases.byIds([databaseId]);
    if (!database) return false;
    return this.provisioner.remains(database.cluster, { database: database.name, role: database.loginRole });
  }
}
