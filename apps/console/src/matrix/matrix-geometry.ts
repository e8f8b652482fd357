import type { Range } from './matrix-tiles.js';

export const rowHeight = 32;
export const headHeight = 58;
export const rowHeadWidth = 232;
export const columnWidths = { wide: 100, dense: 28 } as const;
export type Density = keyof typeof columnWidths;

/** Cells are rendered by blocks, so that scrolling by one column renders a few new cells and leaves the others alone. */
export const blockRows = 8;
export const blockColumns = 6;

export interface Cell {
  row: number;
  column: number;
}

/** Corners of a selection, in any order. */
export interface Selection {
  from: Cell;
  to: Cell;
}

export interface View {
  rows: Range;
  columns: Range;
}

/** What is in view, widened to whole blocks and by one block on each side. */
export function viewOf(
  element: HTMLElement,
  columnWidth: number,
  rowCount: number,
  columnCount: number,
): View {
  const span = (start: number, length: number, size: number, block: number, count: number): Range => ({
    from: Math.max(0, (Math.floor(start / size / block) - 1) * block),
    to: Math.min(count, (Math.ceil((start + length) / size / block) + 1) * block),
  });
  return {
    rows: span(element.scrollTop, element.clientHeight - headHeight, rowHeight, blockRows, rowCount),
    columns: span(
      element.scrollLeft,
      element.clientWidth - rowHeadWidth,
      columnWidth,
      blockColumns,
      columnCount,
    ),
  };
}

export const sameView = (a: View, b: View): boolean =>
  a.rows.from === b.rows.from &&
  a.rows.to === b.rows.to &&
  a.columns.from === b.columns.from &&
  a.columns.to === b.columns.to;

/** Every cell of a selection. */
export function cellsOf({ from, to }: Selection): Cell[] {
  const cells: Cell[] = [];
  for (let row = Math.min(from.row, to.row); row <= Math.max(from.row, to.row); row++) {
    for (
      let column = Math.min(from.column, to.column);
      column <= Math.max(from.column, to.column);
      column++
    ) {
      cells.push({ row, column });
    }
  }
  return cells;
}

export function* blocksOf({ from, to }: Range, size: number): Generator<Range> {
  for (let at = from; at < to; at += size) yield { from: at, to: Math.min(to, at + size) };
}
