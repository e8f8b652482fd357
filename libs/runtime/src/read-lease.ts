import { readLeaseMs } from './wire.js';

/** A moment on both clocks of this machine. */
export interface Moment {
  /** Does not go back, but stands still while the machine sleeps. */
  monotonic: number;
  /** Goes on while the machine sleeps, but may be set. */
  wall: number;
}

export function now(): Moment {
  return { monotonic: performance.now(), wall: Date.now() };
}

/**
 * For how long this instance may take for granted that it knows of every move of a tenant. It runs from the moment at
 * which the control plane was asked, not from the one at which its answer came: what is on the way for a minute is a
 * minute old. Nothing that an instance merely receives renews it, so one that is cut off without knowing, with a
 * connection that looks open, loses it on time.
 */
export class ReadLease {
  #since: Moment | undefined;

  /** @param since when the control plane was asked. */
  renew(since: Moment): void {
    this.#since = since;
  }

  end(): void {
    this.#since = undefined;
  }

  isValid(at = now()): boolean {
    if (!this.#since) return false;
    const wall = at.wall - this.#since.wall;
    return at.monotonic - this.#since.monotonic < readLeaseMs && wall >= 0 && wall < readLeaseMs;
  }
}
