import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './logging.js';

export interface ReconcilerOptions {
  name: string;
  /** Looks for work when nothing woke it, in milliseconds. */
  pollMs?: number;
  /** How many claimed items are worked on at once. */
  concurrency?: number;
}

/**
 * What a look came to: nothing to do; something done, look again; or an item claimed, and the work that is to be done
 * on it while others are looked for.
 */
export type Look = boolean | (() => Promise<void>);

/** A look that failed is repeated after this, in milliseconds. */
const afterFailureMs = 250;

/**
 * What every reconciler shares: look for an item, work on it, look again; sleep when there is none. One look at a time,
 * however many items are worked on: looks side by side would ask the database the same. What a claim and its work are
 * is the caller's: claims are leases in PostgreSQL, steps are transactions.
 */
export class Reconciler {
  readonly #stop = new AbortController();
  readonly #working = new Set<Promise<void>>();
  #rouse: () => void = () => undefined;
  /** A wake that came while it looked: it looks once more. */
  #woken = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: ReconcilerOptions,
    private readonly look: () => Promise<Look>,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.#loop = this.#run();
  }

  /** Something may have changed: look now. */
  wake(): void {
    this.#woken = true;
    this.#rouse();
  }

  /** As {@link wake}, after some milliseconds; a stop does not wait for it. */
  wakeIn(ms: number): void {
    setTimeout(() => this.wake(), ms).unref();
  }

  /** Lets the work under way finish, starts no other. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#loop;
    await Promise.all(this.#working);
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#working.size >= (this.options.concurrency ?? 1) || !(await this.#lookOnce())) {
        await this.#idle();
      }
    }
  }

  /** @returns whether there may be more to find. */
  async #lookOnce(): Promise<boolean> {
    this.#woken = false;
    try {
      const found = await this.look();
      if (typeof found === 'boolean') return found;
      this.#workOn(found);
      return true;
    } catch (error) {
      this.#tell(error);
      await sleep(afterFailureMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      return false;
    }
  }

  #workOn(work: () => Promise<void>): void {
    const working = work()
      .catch((error: unknown) => this.#tell(error))
      .finally(() => {
        this.#working.delete(working);
        // A place is free, and what was done may have made other work due.
        this.wake();
      });
    this.#working.add(working);
  }

  #tell(error: unknown): void {
    this.logger.error({ err: error, reconciler: this.options.name }, 'reconciler step failed');
  }

  async #idle(): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.options.pollMs ?? 1_000);
      this.#rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#rouse = () => undefined;
  }
}
