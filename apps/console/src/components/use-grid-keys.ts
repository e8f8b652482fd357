import { type KeyboardEvent, useState } from 'react';

const pageRows = 12;

/** Keyboard of a grid: one active row that the arrows move and Enter opens. */
export function useGridKeys(count: number, reveal: (index: number) => void, open: (index: number) => void) {
  const [wanted, setActive] = useState(0);
  const active = Math.min(wanted, Math.max(0, count - 1));
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget || event.metaKey || event.ctrlKey || event.altKey) return;
    const target: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + pageRows,
      PageUp: active - pageRows,
      Home: 0,
      End: count - 1,
    };
    if (event.key === 'Enter') {
      event.preventDefault();
      return open(active);
    }
    const wantedIndex = target[event.key];
    if (wantedIndex === undefined || count === 0) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(count - 1, wantedIndex));
    setActive(index);
    reveal(index);
  };
  return { active, setActive, onKeyDown };
}
