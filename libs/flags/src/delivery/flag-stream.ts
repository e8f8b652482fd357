import type { ServerResponse } from 'node:http';
import type { Instance } from '../receipts/instance.js';
import { hashOf, type FeedView } from './feed-view.js';
import { stateOf } from './payload.js';
import type { FrameCache } from './stream-frame.js';

/**
 * What may pile up for a client that does not read, in bytes, beyond what it was sent first. It is then cut off, comes
 * back with the id of the last event it has, and is told what it missed.
 */
const maxBacklogBytes = 1_048_576;
const keepAlive = Buffer.from(':\n\n');
const poll = Buffer.from('event: fetch-mode\ndata: polling\n\n');

/** Who is at the other end. */
export interface StreamClient {
  secret: string;
  tenantId: string | null;
  instance: Instance | undefined;
}

/** One open `/api/client/streaming` connection. */
export class FlagStream {
  #view: FeedView;
  /** Id of the state that the client has once it has read what was sent. */
  #sent: string;
  #started = false;
  #delivered: number | undefined;
  #allowance = maxBacklogBytes;

  constructor(
    private readonly response: ServerResponse,
    view: FeedView,
    readonly client: StreamClient,
    lastEventId: string | undefined,
  ) {
    this.#view = view;
    this.#sent = stateOf(lastEventId)?.id ?? '';
  }

  get view(): FeedView {
    return this.#view;
  }

  /** Revision of the newest state that the client was sent; -1 before the first. */
  get sentRevision(): number {
    return stateOf(this.#sent)?.revision ?? -1;
  }

  /**
   * The revision up to which everything has been handed to the connection; the last known one while some of it waits
   * for the client to read, undefined before the first.
   */
  delivered(feedRevision: number): number | undefined {
    const isDrained = this.#started && this.response.writableLength === 0;
    const inStep = hashOf(this.#sent) === hashOf(this.#view.id);
    if (isDrained) this.#delivered = inStep ? feedRevision : Math.min(this.sentRevision, feedRevision);
    return this.#delivered;
  }

  /**
   * Brings the client to the state of its view, unless it has seen a newer one from another replica: then it keeps that
   * until this replica has caught up.
   */
  bring(feedRevision: number, view: FeedView, frames: FrameCache): void {
    this.#view = view;
    const isSame = hashOf(this.#sent) === hashOf(view.id);
    if (this.#started && isSame) return;
    if (!isSame && this.sentRevision > feedRevision) return;
    const name = this.#started ? 'unleash-updated' : 'unleash-connected';
    this.#write(frames.get(name, view, this.#sent));
    this.#sent = view.id;
    this.#started = true;
  }

  comment(): void {
    this.#write(keepAlive);
  }

  /** Asks the SDK to poll from now on; one that does not know the event keeps its stream. */
  tellToPoll(): void {
    this.#write(poll);
  }

  end(): void {
    this.response.end();
  }

  #write(text: Buffer): void {
    if (this.response.destroyed) return;
    if (this.response.writableLength > this.#allowance) {
      this.response.destroy();
      return;
    }
    this.response.write(text);
    // The first answer may be as large as the flags are many; it is not the client's fault.
    if (!this.#started) this.#allowance = maxBacklogBytes + text.length;
  }
}
