import type { FeedView } from './feed-view.js';

/** Frames remembered: streams in step need one, those that come back after a restart few. */
const maxFrames = 16;

/** Frames of the event stream by what they lead from and to. Streams in step share the very bytes. */
export class FrameCache {
  readonly #frames = new Map<string, Buffer>();

  /** The event that brings a reader of a view from one state to the present one. */
  get(name: string, view: FeedView, from: string): Buffer {
    const direct = this.#frames.get(`${name} ${from} ${view.id}`);
    if (direct) return direct;
    // Equal ids are equal contents, whosever view it is; a state that is not known any more is like none.
    const events = view.eventsSince(from);
    const key = `${name} ${events ? from : ''} ${view.id}`;
    const known = this.#frames.get(key);
    if (known) return known;
    const data = `{"events":[${(events ?? [view.hydration()]).join(',')}]}`;
    const made = Buffer.from(`event: ${name}\nid: ${view.id}\ndata: ${data}\n\n`);
    if (this.#frames.size >= maxFrames) this.#frames.clear();
    this.#frames.set(key, made);
    return made;
  }
}
