import { IconCoin } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import {
  type CSSProperties,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import type { ChangeSet } from './change-set.js';
import { MatrixBlock } from './matrix-block.js';
import {
  blockColumns,
  blockRows,
  blocksOf,
  type Cell,
  columnWidths,
  type Density,
  headHeight,
  rowHeadWidth,
  rowHeight,
  sameView,
  type Selection,
  type View,
  viewOf,
} from './matrix-geometry.js';
import type { MatrixTiles, Range } from './matrix-tiles.js';
import { useMatrixKeys } from './use-matrix-keys.js';
import { useMatrixPointer } from './use-matrix-pointer.js';
import styles from './matrix.module.css';

/** Tiles are asked for when scrolling rests for so long; what only flies by is not read. */
const restMilliseconds = 50;

interface MatrixGridProps {
  label: string;
  tiles: MatrixTiles;
  /** Of the tiles: a new one renders what changed. */
  version: number;
  drafts: ChangeSet;
  density: Density;
  active: Cell;
  onActive: (cell: Cell) => void;
  /** Enter, or a click. */
  onOpen: (cell: Cell) => void;
  /** Escape. */
  onLeave: () => void;
  /** Cells were drawn over, or the space bar was pressed on one. */
  onPaint: (selection: Selection, by: 'pointer' | 'key') => void;
  /** Whether dragging paints; without it a click opens. */
  painting: boolean;
  onTenant: (slug: string) => void;
  children?: ReactNode;
}

/** Flags by tenants and units, of any size in both directions: only what is in view is in the document. */
export function MatrixGrid(props: MatrixGridProps) {
  const { tiles, drafts, density, active } = props;
  const id = useId();
  const scroll = useRef<HTMLDivElement>(null);
  const columnWidth = columnWidths[density];
  const rowCount = tiles.rowCount ?? 0;
  const columnCount = tiles.columnCount ?? 0;
  const view = useView(scroll, tiles, columnWidth, rowCount, columnCount);
  const head = density === 'dense' ? headHeight + 62 : headHeight;
  const reveal = useCallback(
    (cell: Cell) => revealCell(scroll.current, cell, columnWidth, head),
    [columnWidth, head],
  );
  const keys = useMatrixKeys({ ...props, rowCount, columnCount, reveal });
  const pointer = useMatrixPointer({ ...props, columnWidth, rowCount, columnCount });
  const style = {
    '--width': `${rowHeadWidth + columnCount * columnWidth}px`,
    '--height': `${head + rowCount * rowHeight}px`,
    '--head-height': `${head}px`,
    '--row-head-width': `${rowHeadWidth}px`,
    '--column-width': `${columnWidth}px`,
  } as CSSProperties;
  const blocks = [...blocksOf(view.rows, blockRows)].flatMap((rows) =>
    [...blocksOf(view.columns, blockColumns)].map((columns) => ({ rows, columns })),
  );
  return (
    <div
      ref={scroll}
      className={styles['scroll']}
      style={style}
      data-density={density}
      data-matrix-scroll
      role="grid"
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={rowCount + 1}
      aria-colcount={columnCount + 1}
      aria-multiselectable={props.painting}
      aria-activedescendant={`${id}-${active.row}-${active.column}`}
      onKeyDown={keys}
    >
      <div className={styles['sizer']}>
        <div className={styles['corner']} role="presentation">
          Flag
        </div>
        <ColumnHeads tiles={tiles} range={view.columns} columnWidth={columnWidth} onTenant={props.onTenant} />
        <RowHeads tiles={tiles} range={view.rows} />
        <div className={styles['body']} {...pointer.handlers}>
          {blocks.map(({ rows, columns }) => (
            <MatrixBlock
              key={`${rows.from}:${columns.from}`}
              tiles={tiles}
              version={tiles.versionAt(rows.from, columns.from)}
              drafts={drafts}
              id={id}
              fromRow={rows.from}
              toRow={rows.to}
              fromColumn={columns.from}
              toColumn={columns.to}
              columnWidth={columnWidth}
            />
          ))}
          {pointer.selection && (
            <div className={styles['selection']} style={place(pointer.selection, columnWidth)} />
          )}
          <div className={styles['cursor']} style={place({ from: active, to: active }, columnWidth)} />
        </div>
      </div>
      {props.children}
    </div>
  );
}

function place({ from, to }: Selection, columnWidth: number): CSSProperties {
  const [left, top] = [Math.min(from.column, to.column), Math.min(from.row, to.row)];
  return {
    transform: `translate(${left * columnWidth}px, ${top * rowHeight}px)`,
    width: (Math.abs(to.column - from.column) + 1) * columnWidth,
    height: (Math.abs(to.row - from.row) + 1) * rowHeight,
  };
}

/** Scrolls as little as needed to bring a cell into view. */
function revealCell(
  element: HTMLElement | null,
  { row, column }: Cell,
  columnWidth: number,
  head: number,
): void {
  if (!element) return;
  const [top, left] = [row * rowHeight, column * columnWidth];
  const [height, width] = [element.clientHeight - head, element.clientWidth - rowHeadWidth];
  element.scrollTop = Math.min(Math.max(element.scrollTop, top + rowHeight - height), top);
  element.scrollLeft = Math.min(Math.max(element.scrollLeft, left + columnWidth - width), left);
}

/** The blocks in view; it changes when a block comes or goes, not with every scrolled pixel. */
function useView(
  scroll: React.RefObject<HTMLDivElement | null>,
  tiles: MatrixTiles,
  columnWidth: number,
  rowCount: number,
  columnCount: number,
): View {
  const [view, setView] = useState<View>({ rows: { from: 0, to: 0 }, columns: { from: 0, to: 0 } });
  const rest = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const look = useCallback(() => {
    const element = scroll.current;
    if (!element) return;
    const next = viewOf(element, columnWidth, rowCount, columnCount);
    setView((now) => (sameView(now, next) ? now : next));
    clearTimeout(rest.current);
    rest.current = setTimeout(() => {
      // Until the first answer nobody knows how many there are.
      const blank = tiles.rowCount === undefined;
      tiles.show(blank ? { from: 0, to: 1 } : next.rows, blank ? { from: 0, to: 1 } : next.columns);
    }, blankFirst(tiles));
  }, [scroll, tiles, columnWidth, rowCount, columnCount]);
  useLayoutEffect(look, [look]);
  useEffect(() => {
    const element = scroll.current;
    if (!element) return;
    const resized = new ResizeObserver(look);
    resized.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [scroll, look]);
  return view;
}

const blankFirst = (tiles: MatrixTiles): number => (tiles.rowCount === undefined ? 0 : restMilliseconds);

interface ColumnHeadsProps {
  tiles: MatrixTiles;
  range: Range;
  columnWidth: number;
  onTenant: (slug: string) => void;
}

/** Two lines: the tenant over all of its columns, and each column's own name. */
function ColumnHeads({ tiles, range, columnWidth, onTenant }: ColumnHeadsProps) {
  const heads = [];
  const groups: { tenant: string; name: string; from: number; to: number }[] = [];
  for (let column = range.from; column < range.to; column++) {
    const head = tiles.column(column);
    if (!head) continue;
    heads.push(
      <div
        key={column}
        role="columnheader"
        aria-colindex={column + 2}
        className={styles['columnHead']}
        data-kind={head.kind}
        style={{ left: column * columnWidth }}
        title={
          head.kind === 'TENANT'
            ? head.label
            : `${head.label}, ${head.kind.toLowerCase()} of ${head.tenantName}`
        }
      >
        {head.kind === 'TENANT' ? 'Tenant' : head.label}
      </div>,
    );
    const last = groups.at(-1);
    if (last?.tenant === head.tenant && last.to === column) last.to = column + 1;
    else groups.push({ tenant: head.tenant, name: head.tenantName, from: column, to: column + 1 });
  }
  return (
    <div className={styles['columnHeads']} role="row" aria-rowindex={1}>
      {groups.map(({ tenant, name, from, to }) => (
        <div
          key={`${tenant}-${from}`}
          className={styles['group']}
          style={{ left: from * columnWidth, width: (to - from) * columnWidth }}
        >
          <button
            type="button"
            className="truncate"
            title={`Only ${name}`}
            tabIndex={-1}
            onClick={() => onTenant(tenant)}
          >
            {name}
          </button>
        </div>
      ))}
      {heads}
    </div>
  );
}

function RowHeads({ tiles, range }: { tiles: MatrixTiles; range: Range }) {
  const rows = [];
  for (let row = range.from; row < range.to; row++) {
    const flag = tiles.flag(row);
    if (!flag) continue;
    rows.push(
      <div
        key={row}
        role="rowheader"
        className={styles['rowHead']}
        style={{ transform: `translateY(${row * rowHeight}px)` }}
        title={flag.description || flag.key}
      >
        <Link to="/flags/$key" params={{ key: flag.key }} className="mono" tabIndex={-1}>
          {flag.key}
        </Link>
        {flag.riskClass === 'FINANCIAL' && (
          <IconCoin className={styles['money']} size={14} stroke={1.8} aria-label="financial" />
        )}
      </div>,
    );
  }
  return (
    <div className={styles['rowHeads']} role="presentation">
      {rows}
    </div>
  );
}
