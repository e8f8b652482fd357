import { setTimeout as sleep } from 'node:timers/promises';
import { TenantMoving } from './errors.js';
import type { DatabaseSnapshot } from './wire.js';

/** Where a tenant's statements go, asked at each use: a tenant that has moved is found in its new home. */
export interface TenantHome {
  database(): DatabaseSnapshot;
  /** That database said that the tenant has moved away. @returns false if no other one is known yet. */
  movedFrom(databaseId: string): boolean;
}

/** How long a writer waits for a tenant that moves, in milliseconds, unless told otherwise. */
export const defaultMoveDeadlineMs = 5_000;

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

/** The patience of one statement or transaction with a tenant that moves. */
export class MovePatience {
  #until: number | undefined;
  #pauseMs = shortestPauseMs;

  constructor(
    private readonly home: TenantHome,
    private readonly deadlineMs: number,
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
    // In the other database the rows are there already: no reason to wait.
    if (fence === 'MOVED' && this.home.movedFrom(used.id)) return this.#pause(1);
    await this.#pause(this.#pauseMs);
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 1.5);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms * (0.5 + Math.random()));
  }
}
