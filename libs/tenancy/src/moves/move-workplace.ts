import { Inject, Injectable } from '@nestjs/common';
import { type Command } from '#audit';
import { StepFailed, StepWaiting, type StepContext } from '#operations';
import {
  CONFIGURATION,
  Database,
  rowsOf,
  TierdeckError,
  type Configuration,
  type Transaction,
} from '#platform';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { RuntimeInstances } from '../placement/worker-instances.js';
import { recordStep } from '../record-step.js';
import { isBeforeCutOver, type TenantMove } from './move.js';
import { openMove, type MoveSession } from './move-session.js';
import { otherMovesOn, type OtherMoves } from './move-room.js';
import { Pace } from './pace.js';
import { findMove, updateMove, type MoveColumns } from './moves.store.js';
import { FenceBusy } from './tenant-home.js';

/** What all operations on a move share: the move itself, the two databases, and words for what went wrong. */
@Injectable()
export class MoveWorkplace {
  constructor(
    readonly database: Database,
    readonly databases: TenantDatabases,
    readonly instances: RuntimeInstances,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** For one piece of bulk work. Whoever takes a move over from a mover that died brings it to its end first. */
  pace(context?: Pick<StepContext, 'interrupted' | 'state'>): Pace {
    const hurried = context?.interrupted || context?.state['hurried'] === true;
    return new Pace(hurried ? 1 : this.configuration.movePacePercent / 100);
  }

  /** What a step hands on if it was taken over: the steps after it hurry. */
  hurry({ interrupted }: Pick<StepContext, 'interrupted'>): { hurried?: true } {
    return interrupted ? { hurried: true } : {};
  }

  async move(context: Pick<StepContext, 'input'>): Promise<TenantMove> {
    const move = await findMove(this.database, String(context.input['move']));
    if (!move) throw new StepFailed('MOVE_MISSING', 'The operation names no move.', 500);
    return move;
  }

  /** The move for a command: nobody else changes it until the transaction ends. */
  async locked(command: Command, context: Pick<StepContext, 'input'>): Promise<TenantMove> {
    const move = await findMove(command.tx, String(context.input['move']));
    if (!move) throw new StepFailed('MOVE_MISSING', 'The operation names no move.', 500);
    return move;
  }

  /**
   * Runs `work` with both databases open and no other mover at work.
   * @throws StepWaiting after the cut-over while a server is away: then there is no way but on.
   */
  async with<T>(context: StepContext, work: (session: MoveSession) => Promise<T>): Promise<T> {
    const move = await this.move(context);
    const together = async (): Promise<T> => {
      const session = await openMove(this.databases, move, context);
      try {
        return await work(session);
      } finally {
        await session.end();
      }
    };
    return isBeforeCutOver(move.state) ? explained(together) : patiently(together);
  }

  /** Tells of the progress of a move; nothing depends on it. */
  async note(moveId: string, columns: Partial<MoveColumns>): Promise<void> {
    await updateMove(this.database, moveId, columns);
  }

  /** The one clock by which undo windows are measured: those of the control plane's processes may differ. */
  async now(tx: Transaction = this.database.source.manager): Promise<Date> {
    const [row] = await rowsOf<{ now: Date }>(tx, 'select clock_timestamp() as now');
    if (!row) throw new Error('PostgreSQL does not say what time it is');
    return row.now;
  }

  /** What moves that began before this one need of the server of a database. */
  async otherMoves({ id }: TenantMove, databaseId: string): Promise<OtherMoves> {
    const { cluster } = await this.databases.login(databaseId);
    return otherMovesOn(this.database, cluster, { id });
  }

  /** Data-plane processes that do not know yet what a revision told. */
  async behind(move: TenantMove): Promise<number> {
    if (move.toldRevision === null) return 0;
    return (await this.instances.behind(move.toldRevision)).length;
  }

  async record(
    command: Command,
    context: StepContext,
    action: string,
    before: unknown,
    after: unknown,
  ): Promise<number> {
    return recordStep(command, context, action, before, after);
  }
}

/** How long to wait for a server that does not answer before the next look, in milliseconds. */
const awayRetryMs = 2_000;

/**
 * Waits for a server that does not answer, however long that takes.
 * @param afterwards what is done once it is back, in a sentence.
 * @throws StepWaiting
 */
export async function patiently<T>(
  work: () => Promise<T>,
  afterwards = 'The move goes on by itself once it is back.',
): Promise<T> {
  try {
    return await explained(work);
  } catch (error) {
    const code = error instanceof TierdeckError ? error.code : '';
    if (code !== 'TENANT_DATABASE_UNREACHABLE' && code !== 'MOVE_DATABASE_AWAY') throw error;
    throw new StepWaiting(`${(error as Error).message} ${afterwards}`, awayRetryMs);
  }
}

/** Pause before another try where a transaction keeps the home of a tenant locked, in milliseconds. */
const busyRetryMs = 2_000;

/** What `pg` says, without a code, of a session that the server or the network ended. */
const endedSession = /^(Connection terminated|Client has encountered a connection error|Client was closed)/;

/** Errors of PostgreSQL say what happened to a move; their text, which may hold rows, goes to the log alone. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof FenceBusy) throw new StepWaiting(`${cause.message} ${cause.hint}`, busyRetryMs);
    if (cause instanceof TierdeckError || !(cause instanceof Error)) throw cause;
    const { code = '' } = cause as { code?: string };
    if (code === '53100') {
      throw new StepFailed('MOVE_DISK_FULL', 'A disk is full: the rows do not fit.', 507, {
        cause,
        hint: 'Make room on the target’s server, then move again.',
      });
    }
    if (/^(08|57P)/.test(code) || /^E(CONN|PIPE|TIMEDOUT)/.test(code) || endedSession.test(cause.message)) {
      throw new TierdeckError('MOVE_DATABASE_AWAY', 'A database of the move does not answer.', 503, {
        cause,
        hint: 'The move goes on by itself once it is back.',
      });
    }
    if (code === '55P03') {
      throw new TierdeckError('MOVE_LOCK_BUSY', 'A table is locked for too long by somebody else.', 503, {
        cause,
      });
    }
    throw cause;
  }
}
