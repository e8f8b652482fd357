import { type PointerEvent, useState } from 'react';
import { type Cell, rowHeight, type Selection } from './matrix-geometry.js';

interface MatrixPointer {
  columnWidth: number;
  rowCount: number;
  columnCount: number;
  painting: boolean;
  onActive: (cell: Cell) => void;
  onOpen: (cell: Cell) => void;
  onPaint: (selection: Selection, by: 'pointer' | 'key') => void;
}

/** A drag with a brush draws a rectangle of cells and paints it when it ends; without one a click opens a cell. */
export function useMatrixPointer(props: MatrixPointer) {
  const [selection, setSelection] = useState<Selection>();
  const cellAt = (event: PointerEvent<HTMLElement>): Cell => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const within = (at: number, count: number) => Math.max(0, Math.min(count - 1, Math.floor(at)));
    return {
      row: within((event.clientY - top) / rowHeight, props.rowCount),
      column: within((event.clientX - left) / props.columnWidth, props.columnCount),
    };
  };
  const handlers = {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      const cell = cellAt(event);
      props.onActive(cell);
      if (!props.painting) return props.onOpen(cell);
      event.currentTarget.setPointerCapture(event.pointerId);
      setSelection({ from: cell, to: cell });
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      if (!selection) return;
      const to = cellAt(event);
      if (to.row !== selection.to.row || to.column !== selection.to.column)
        setSelection({ ...selection, to });
    },
    onPointerUp: () => {
      if (selection) props.onPaint(selection, 'pointer');
      setSelection(undefined);
    },
    onPointerCancel: () => setSelection(undefined),
  };
  return { selection, handlers };
}
