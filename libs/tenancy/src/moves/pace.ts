import { setTimeout as sleep } from 'node:timers/promises';

/** Work shorter than this goes on without a rest, in milliseconds. */
const portionMs = 0.7;

/** About how long a server takes to print and hash a row, in seconds; measured on rows of ten columns. */
const digestRowSeconds = 0.000_002;

/** One of so many rows is followed by a rest. */
const digestPortion = 250;

/**
 * Holds bulk work of a move down to a share of the time, so that the other tenants of a server keep theirs: after each
 * portion of work it rests in proportion. PostgreSQL itself can bound neither the CPU nor the WAL of a session, only
 * vacuum's and analyze's. Portions are short, since a neighbour's commit waits for all WAL that was written before it.
 */
export class Pace {
  #since = performance.now();

  /** @param share of the time that work may take, above 0 up to 1. */
  constructor(readonly share: number) {}

  /** To be called when work begins or goes on after a wait of another kind. */
  begin(): void {
    this.#since = performance.now();
  }

  /** @returns how long to rest now, in milliseconds; 0 while the portion is small. */
  due(): number {
    const worked = performance.now() - this.#since;
    return worked < portionMs ? 0 : worked * this.#restOfWork;
  }

  /** Rests if it is time to, after a portion of work. */
  async rest(): Promise<void> {
    const ms = this.due();
    if (ms === 0) return;
    await sleep(ms);
    this.begin();
  }

  /**
   * An aggregate for one statement over many rows that makes the server rest in it: after some rows, in proportion to what
   * they take. It adds nothing to the result but a column.
   */
  get inStatement(): string {
    const seconds = digestPortion * digestRowSeconds * this.#restOfWork;
    return seconds === 0
      ? 'null'
      : `count(*) filter (where random() < ${1 / digestPortion} and pg_sleep(${seconds.toFixed(5)}) is not null)`;
  }

  get #restOfWork(): number {
    return (1 - this.share) / this.share;
  }
}
