import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

export interface ShadowQueueOptions {
  /** Tasks that wait at most; further ones are refused. */
  capacity: number;
  /** Longest time that tasks hold the event loop in one go, in milliseconds. */
  turnMs: number;
  /** Share of the time that all tasks together may take, 0 to 1. */
  share: number;
}

export const defaultShadowQueueOptions: ShadowQueueOptions = { capacity: 500, turnMs: 5, share: 0.1 };

/**
 * Does what may be left undone, after what must be done: one task at a time, in small turns of the event loop, and for
 * a share of the time. Who hands a task over never waits for it and never hears of its failure.
 */
export class ShadowQueue {
  readonly #tasks: (() => Promise<void> | void)[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(private readonly options: ShadowQueueOptions = defaultShadowQueueOptions) {}

  /** @returns false if there is no room: the task is not done. */
  offer(task: () => Promise<void> | void): boolean {
    if (this.#stop.signal.aborted || this.#tasks.length >= this.options.capacity) return false;
    this.#tasks.push(task);
    this.#running ??= this.#run();
    return true;
  }

  /** Waits until everything that was handed over is done. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Drops what waits; what runs comes to its end. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#tasks.length = 0;
    await this.settled();
  }

  async #run(): Promise<void> {
    try {
      // Never in the turn of the caller.
      await nextTurn();
      let spent = 0;
      for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) {
        const startedAt = performance.now();
        await task();
        spent += performance.now() - startedAt;
        if (spent < this.options.turnMs) continue;
        await this.#rest((spent * (1 - this.options.share)) / this.options.share);
        spent = 0;
      }
    } finally {
      this.#running = undefined;
    }
  }

  async #rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
