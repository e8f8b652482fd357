import { fork, type ChildProcess } from 'node:child_process';
import type { WindowReport } from './samples.js';

export interface LoadOptions {
  kind: 'writer' | 'neighbours';
  /** Address of the control plane, and a RUNTIME token. */
  url: string;
  token: string;
  tenants: string[];
  perSecond: number;
  moveDeadlineMs?: number;
}

/** What the parent asks a load process. */
export type Ask =
  | { what: 'window'; from: number; to: number }
  | { what: 'stop' }
  | { what: 'differences'; baseOnHand: number }
  | { what: 'end' };

/** A load in a process of its own, so that generator, movers and bench do not share a thread. */
export class LoadProcess {
  #next = 1;
  readonly #waiting = new Map<number, (answer: { result?: unknown; error?: string }) => void>();

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message: { id: number; result?: unknown; error?: string }) => {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    });
    child.on('exit', () => {
      for (const settle of this.#waiting.values()) settle({ error: 'the load process has ended' });
    });
  }

  static async start(options: LoadOptions): Promise<LoadProcess> {
    const child = fork('test/bench/tenant-move/load-process.ts', [JSON.stringify(options)], {
      execArgv: ['--conditions=source', '--import', './test/support/swc-loader.mjs'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new Error(`the load "${options.kind}" did not start`)));
    });
    return new LoadProcess(child);
  }

  window(from: number, to: number): Promise<WindowReport> {
    return this.#ask({ what: 'window', from, to });
  }

  stop(): Promise<{ failed: number; failures: string[] }> {
    return this.#ask({ what: 'stop' });
  }

  differences(baseOnHand: number): Promise<{ acknowledged: number; differences: string[] }> {
    return this.#ask({ what: 'differences', baseOnHand });
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    await this.#ask({ what: 'end' });
    await ended;
  }

  async #ask<T>(ask: Ask): Promise<T> {
    const id = this.#next++;
    const answered = new Promise<{ result?: unknown; error?: string }>((resolve) =>
      this.#waiting.set(id, resolve),
    );
    this.child.send({ ...ask, id });
    const { result, error } = await answered;
    if (error !== undefined) throw new Error(error);
    return result as T;
  }
}
