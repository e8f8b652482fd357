import { useSyncExternalStore } from 'react';

/** Whether changes arrive by themselves: `idle` when no page needs them, `lost` while reconnecting. */
export type LiveState = 'idle' | 'live' | 'lost';

let state: LiveState = 'idle';
const listeners = new Set<() => void>();

export function setLive(next: LiveState): void {
  state = next;
  for (const listener of listeners) listener();
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}
