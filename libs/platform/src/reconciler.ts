import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './logging.js';

export interface ReconcilerOptions {
  name: string;
  /** Looks for work when nothing woke it, in milliseconds. */
  pollMs?: number;
  /** How many items are worked on at once. */
  concurrency?: number;
}

/**
 * The loop every reconciler shares: claim an item, do one step of it, look again; sleep when there is none.
 * What a claim and a step are is the caller's: claims are leases in PostgreSQL, steps are transactions.
 */
export class Reconciler {
  readonly #stop = new AbortController();
  /** What to call so that a loop that has nothing to do looks again. */
  readonly #sleepers = new Set<() => void>();
  /** A wake that came while every loop was at work: the next one to run out of work looks once more. */
  #woken = false;
  #loops: Promise<void>[] = [];

  /** @param step claims and does one piece of work; false means there was none. */
  constructor(
    private readonly options: ReconcilerOptions,
    private readonly step: () => Promise<boolean>,
    private readonly logger: Logger,
  ) {}

  start(): void {
    for (let i = 0; i < (this.options.concurrency ?? 1); i++) this.#loops.push(this.#loop());
  }

  /** Something may have changed: look now. */
  wake(): void {
    this.#woken = this.#sleepers.size === 0;
    for (const rouse of this.#sleepers) rouse();
  }

  /** Lets the steps under way finish, starts no other. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await Promise.all(this.#loops);
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      let worked = false;
      try {
        worked = await this.step();
      } catch (error) {
        this.logger.error({ err: error, reconciler: this.options.name }, 'reconciler step failed');
        await sleep(250, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
      if (!worked) await this.#idle();
    }
  }

  async #idle(): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return;
    }
    const timer = new AbortController();
    const rouse = (): void => timer.abort();
    this.#sleepers.add(rouse);
    const signal = AbortSignal.any([timer.signal, this.#stop.signal]);
    await sleep(this.options.pollMs ?? 1_000, undefined, { signal }).catch(() => undefined);
    this.#sleepers.delete(rouse);
  }
}
