/** What a window of time was like for the callers of a load. */
export interface WindowReport {
  requests: number;
  failed: number;
  /** In milliseconds, from when a request was due until its answer. */
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

/** Latencies of requests by the moment at which they were due. */
export class Samples {
  #due = new Float64Array(1 << 16);
  #tookMs = new Float64Array(1 << 16);
  #count = 0;
  readonly #failures: { due: number; error: string }[] = [];

  /** @param due by the clock of {@link now}. */
  add(due: number, tookMs: number): void {
    if (this.#count === this.#due.length) {
      this.#due = grown(this.#due);
      this.#tookMs = grown(this.#tookMs);
    }
    this.#due[this.#count] = due;
    this.#tookMs[this.#count++] = tookMs;
  }

  fail(due: number, error: unknown): void {
    const { code } = error as { code?: string };
    const text = error instanceof Error ? error.message : String(error);
    this.#failures.push({ due, error: `${code ?? ''} ${text}` });
  }

  /** The requests that were due from one moment to another, by the wall clock. */
  window(from: number, to: number): WindowReport {
    const took: number[] = [];
    for (let i = 0; i < this.#count; i++) {
      const due = this.#due[i] as number;
      if (due >= from && due < to) took.push(this.#tookMs[i] as number);
    }
    took.sort((a, b) => a - b);
    const at = (q: number): number => took[Math.min(took.length - 1, Math.floor(q * took.length))] ?? 0;
    const failed = this.#failures.filter(({ due }) => due >= from && due < to).length;
    return { requests: took.length, failed, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: took.at(-1) ?? 0 };
  }

  /** The first failures, for a person. */
  get failures(): string[] {
    return this.#failures.slice(0, 5).map(({ error }) => error);
  }

  get failed(): number {
    return this.#failures.length;
  }
}

/** The wall clock with the resolution of the monotonic one; the processes of one machine agree on it. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Calls `send` at a steady rate whether or not earlier calls have ended, and counts each from the moment at which it was
 * due: a stall counts for everybody who came meanwhile.
 */
export class OpenLoop {
  readonly samples = new Samples();
  readonly #began = now();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #open = 0;
  #stopped = false;

  constructor(
    private readonly perSecond: number,
    private readonly send: (n: number) => Promise<void>,
  ) {
    this.#timer = setInterval(() => this.#catchUp(), 1);
  }

  /** Resolves when the last call has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    while (this.#open > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #catchUp(): void {
    const due = Math.floor(((now() - this.#began) * this.perSecond) / 1_000);
    while (!this.#stopped && this.#sent <= due) void this.#one(this.#sent++);
  }

  async #one(n: number): Promise<void> {
    const due = this.#began + (n * 1_000) / this.perSecond;
    this.#open++;
    try {
      await this.send(n);
      this.samples.add(due, now() - due);
    } catch (error) {
      this.samples.fail(due, error);
    } finally {
      this.#open--;
    }
  }
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
