import type { Notifications } from '../notifications.js';

export interface SubscribeOptions {
  /** Load once before any notification, so that a subscriber starts with the present state. */
  initial?: boolean;
}

/**
 * Source of a GraphQL subscription: each notification of a PostgreSQL channel is turned into values by `load`.
 * Listening starts at the call. Equal payloads that come while one is being loaded are answered once, so a slow
 * subscriber holds at most one entry per distinct payload. A payload of undefined means that notifications may have
 * been lost: `load` then gives what the subscriber could have missed.
 * @param load the values to hand out; undefined or an empty list for none.
 */
export function subscribeTo<T>(
  notifications: Notifications,
  channel: string,
  load: (payload: string | undefined) => Promise<T | readonly T[] | undefined>,
  options: SubscribeOptions = {},
): AsyncIterableIterator<T> {
  const pending = new Set<string | undefined>(options.initial ? [undefined] : []);
  const ready: T[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  const subscription = notifications.subscribe(channel, (payload) => {
    pending.add(payload);
    wake();
  });
  // A failure to listen surfaces in next(); without this it would be an unhandled rejection before that.
  subscription.catch(() => undefined);

  const end = async (): Promise<IteratorResult<T>> => {
    ended = true;
    wake();
    await subscription.then(
      (unsubscribe) => unsubscribe(),
      () => undefined,
    );
    return { done: true, value: undefined };
  };

  const take = async (): Promise<IteratorResult<T>> => {
    await subscription;
    for (;;) {
      if (ended) return { done: true, value: undefined };
      const value = ready.shift();
      if (value !== undefined) return { done: false, value };
      const [payload] = pending;
      if (pending.delete(payload)) {
        const loaded = await load(payload);
        if (Array.isArray(loaded)) ready.push(...(loaded as readonly T[]));
        else if (loaded !== undefined) ready.push(loaded as T);
        continue;
      }
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };

  let last: Promise<unknown> = Promise.resolve();
  return {
    next() {
      const result = last.then(take, take);
      last = result;
      return result;
    },
    return: end,
    async throw(error: unknown) {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
