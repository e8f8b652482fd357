import { type KeyboardEvent, useCallback } from 'react';
import type { Cell, Selection } from './matrix-geometry.js';

interface MatrixKeys {
  active: Cell;
  rowCount: number;
  columnCount: number;
  onActive: (cell: Cell) => void;
  onOpen: (cell: Cell) => void;
  onLeave: () => void;
  onPaint: (selection: Selection, by: 'pointer' | 'key') => void;
  reveal: (cell: Cell) => void;
}

const page = 12;

/** Arrows move, Home and End go along the row, with Ctrl to the corners; Enter explains, Escape closes, the space bar paints. */
export function useMatrixKeys(props: MatrixKeys) {
  const { active, rowCount, columnCount, onActive, onOpen, onLeave, onPaint, reveal } = props;
  return useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      if (event.target !== event.currentTarget || event.altKey || rowCount === 0 || columnCount === 0) return;
      const { row, column } = active;
      const far = event.ctrlKey || event.metaKey;
      const moves: Record<string, Cell> = {
        ArrowDown: { row: far ? rowCount - 1 : row + 1, column },
        ArrowUp: { row: far ? 0 : row - 1, column },
        ArrowRight: { row, column: far ? columnCount - 1 : column + 1 },
        ArrowLeft: { row, column: far ? 0 : column - 1 },
        PageDown: { row: row + page, column },
        PageUp: { row: row - page, column },
        Home: { row: far ? 0 : row, column: 0 },
        End: { row: far ? rowCount - 1 : row, column: columnCount - 1 },
      };
      const move = moves[event.key];
      if (event.key === 'Enter') onOpen(active);
      else if (event.key === 'Escape') onLeave();
      else if (event.key === ' ') onPaint({ from: active, to: active }, 'key');
      else if (move) {
        const cell = {
          row: Math.max(0, Math.min(rowCount - 1, move.row)),
          column: Math.max(0, Math.min(columnCount - 1, move.column)),
        };
        onActive(cell);
        reveal(cell);
      } else return;
      event.preventDefault();
    },
    [active, rowCount, columnCount, onActive, onOpen, onLeave, onPaint, reveal],
  );
}
