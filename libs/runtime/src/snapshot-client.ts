import { setTimeout as sleep } from 'node:timers/promises';
import type { RuntimeLogger } from './logger.js';
import { readEvents } from './server-sent-events.js';
import { isSnapshot } from './snapshot-file.js';
import type { RuntimeSnapshot } from './wire.js';

export interface SnapshotClientOptions {
  /** Address of the control plane, e.g. `http://127.0.0.1:4000`. */
  url: string;
  /** RUNTIME token. */
  token: string;
  logger: RuntimeLogger;
  onSnapshot: (snapshot: RuntimeSnapshot) => void;
  /** First and longest pause between two attempts, in milliseconds. */
  backoffMs?: { first: number; longest: number };
  /** The stream is taken for dead if not even a keep-alive came for this long, in milliseconds. */
  silenceMs?: number;
}

/** The control plane refused the token: trying again at once cannot help. */
export class SnapshotRefused extends Error {}

/**
 * Follows the control plane: one request for the snapshot, then the stream of newer ones. Reconnects for ever with
 * backoff and jitter. Who keeps snapshots, and which, is the caller's.
 */
export class SnapshotClient {
  readonly #stop = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(private readonly options: SnapshotClientOptions) {}

  /** @throws SnapshotRefused on 401 and 403, Error on everything else. */
  async fetch(): Promise<RuntimeSnapshot> {
    const response = await this.#get('/runtime/snapshot', 'application/json', AbortSignal.timeout(10_000));
    const snapshot: unknown = await response.json();
    if (!isSnapshot(snapshot)) throw new Error('the control plane answered something that is no snapshot');
    return snapshot;
  }

  follow(): void {
    this.#following = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { first, longest } = this.options.backoffMs ?? { first: 100, longest: 5_000 };
    let pause = first;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#stream(() => (pause = first));
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.options.logger.warn({ err: error }, 'the stream of the control plane broke; reconnecting');
      }
      // Full jitter: instances that lost the same control plane must not return in step.
      await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal: this.#stop.signal }).catch(
        () => undefined,
      );
      pause = Math.min(pause * 2, longest);
    }
  }

  /** Reads one stream until it ends; the control plane sends the current snapshot first. */
  async #stream(onAlive: () => void): Promise<void> {
    const silence = new AbortController();
    const fail = (): void => silence.abort(new Error('the stream fell silent'));
    const timer = setTimeout(fail, this.options.silenceMs ?? 45_000);
    try {
      const signal = AbortSignal.any([this.#stop.signal, silence.signal]);
      const response = await this.#get('/runtime/stream', 'text/event-stream', signal);
      if (!response.body) throw new Error('the stream has no body');
      const alive = (): void => {
        timer.refresh();
        onAlive();
      };
      for await (const event of readEvents(response.body, alive)) {
        if (event.event !== 'snapshot') continue;
        const snapshot: unknown = JSON.parse(event.data);
        if (!isSnapshot(snapshot)) continue;
        this.options.onSnapshot(snapshot);
      }
    } finally {
      clearTimeout(timer);
      // Frees the socket also if the loop was left by an error.
      silence.abort();
    }
  }

  async #get(path: string, accept: string, signal: AbortSignal): Promise<Response> {
    const response = await fetch(new URL(path, this.options.url), {
      headers: { authorization: `Bearer ${this.options.token}`, accept },
      signal,
    });
    if (response.ok) return response;
    await response.body?.cancel();
    const message = `${path} answered ${response.status}`;
    if (response.status === 401 || response.status === 403) throw new SnapshotRefused(message);
    throw new Error(message);
  }
}
