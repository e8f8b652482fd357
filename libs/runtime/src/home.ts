import { setTimeout as sleep } from 'node:timers/promises';
import { TenantMoving } from './errors.js';
import type { DatabaseSnapshot } from './wire.js';

/** Where a tenant's statements go, asked at each use: a tenant that has moved is found in its new home. */
export interface TenantHome {
  database(): DatabaseSnapshot;
  /** That database said that the tenant has moved away. @returns false if no other one is known yet. */
  movedFrom(databaseId: string): boolean;
  /** Whether that database must be asked before it is read: it may be one that the tenant has left. */
  isUncertain(): boolean;
  /** Where this process's writers of the tenant wait together while it is paused. */
  readonly queue: PauseQueue;
}

/**
 * Writers of one tenant that wait for the end of a pause: one of them looks whether it is over, at short intervals, and
 * the others follow it. So a short pause stays short, and a hundred that wait ask no more often than one.
 */
export class PauseQueue {
  #scout: object | undefined;
  readonly #waiting = new Set<() => void>();

  /** Returns when it is worth another try. */
  async wait(writer: object): Promise<void> {
    this.#scout ??= writer;
    if (this.#scout === writer) return sleep(scoutMs);
    await new Promise<void>((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(go);
        resolve();
      };
      // Its database may have been slow to answer the scout, or it looks elsewhere.
      const timer = setTimeout(go, followMs);
      this.#waiting.add(go);
    });
  }

  /** The writer got through, or gave up: the others try. */
  leave(writer: object): void {
    if (this.#scout !== writer) return;
    this.#scout = undefined;
    for (const go of this.#waiting) go();
  }
}

/** Between two looks at a pause, in milliseconds. */
const scoutMs = 2;

/** Longest time that a writer follows another one without a look of its own, in milliseconds. */
const followMs = 50;

/** How long a writer waits for a tenant that moves, in milliseconds, unless told otherwise. */
export const defaultMoveDeadlineMs = 5_000;

/** Between two tries at a database that is not known to have an heir, in milliseconds. */
const shortestPauseMs = 3;
const longestPauseMs = 50;

/**
 * What the fence of the database (migrations/tenant/0003_home.sql) said: PAUSED passes in a moment, MOVED means to look
 * elsewhere. undefined: the error is another one.
 */
export function fenceOf(error: unknown): 'PAUSED' | 'MOVED' | undefined {
  switch ((error as { code?: unknown } | null)?.code) {
    case 'TD001':
      return 'PAUSED';
    case 'TD002':
      return 'MOVED';
    default:
      return undefined;
  }
}

/** The database or its login is gone: so is a former home once the way back to it is closed. */
export function isGone(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === '3D000' || code === '28P01' || code === '28000';
}

/** Opens the home to which a tenant has moved with the key that its former home gave out. */
export type Arrive = (database: DatabaseSnapshot, key: string) => Promise<void>;

/** The patience of one statement or transaction with a tenant that moves. */
export class MovePatience {
  #until: number | undefined;
  #pauseMs = shortestPauseMs;
  /** Given out by a home that the tenant has left. */
  #key: { from: string; value: string } | undefined;

  constructor(
    private readonly home: TenantHome,
    private readonly deadlineMs: number,
    private readonly arrive: Arrive,
  ) {}

  /**
   * Returns after a pause if what failed is worth another try, since the tenant moves; else throws.
   * @param used the database that failed.
   * @throws the error itself if it does not come from a move, TenantMoving if the move takes too long.
   */
  async wait(error: unknown, used: DatabaseSnapshot): Promise<void> {
    const fence = fenceOf(error);
    if (fence === undefined) throw error;
    this.#until ??= performance.now() + this.deadlineMs;
    if (performance.now() > this.#until) throw new TenantMoving(error);
    if (fence === 'PAUSED') {
      // Paused here and left there: nobody but the mover lacks, and it may be dead.
      const key = this.#key?.from === used.id ? undefined : this.#key?.value;
      this.#key = undefined;
      if (key !== undefined) return this.arrive(used, key);
      return this.home.queue.wait(this);
    }
    const { detail } = error as { detail?: unknown };
    this.#key = typeof detail === 'string' && detail !== '' ? { from: used.id, value: detail } : undefined;
    // In the other database the rows are there already: no reason to wait.
    if (this.home.movedFrom(used.id)) return sleep(1);
    await sleep(this.#pauseMs * (0.5 + Math.random()));
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 1.5);
  }

  /** What waited is over, well or not. */
  end(): void {
    this.home.queue.leave(this);
  }
}
