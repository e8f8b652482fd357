import { useCallback, useState } from 'react';
import type { ChangeSet, Draft } from './change-set.js';

const storageKey = (environment: string) => `tierdeck-change-set-${environment}`;

/** The painted changes of an environment; they outlive a reload of the page, not the closing of its tab. */
export function useChangeSet(environment: string): [ChangeSet, (set: ChangeSet) => void] {
  const [sets, setSets] = useState<Record<string, ChangeSet>>({});
  const set = sets[environment] ?? stored(environment);
  const keep = useCallback(
    (next: ChangeSet) => {
      sessionStorage.setItem(storageKey(environment), JSON.stringify([...next]));
      setSets((now) => ({ ...now, [environment]: next }));
    },
    [environment],
  );
  if (!sets[environment]) setSets((now) => ({ ...now, [environment]: set }));
  return [set, keep];
}

function stored(environment: string): ChangeSet {
  const text = sessionStorage.getItem(storageKey(environment));
  return new Map(text ? (JSON.parse(text) as [string, Draft][]) : []);
}
