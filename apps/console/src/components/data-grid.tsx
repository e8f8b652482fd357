import { Skeleton } from '@mantine/core';
import { useViewportSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type ReactNode, useEffect, useId, useRef } from 'react';
import styles from './data-grid.module.css';
import { formatNumber } from './format.js';
import { useGridKeys } from './use-grid-keys.js';

export interface Column<Row> {
  key: string;
  header: ReactNode;
  /** A track of CSS grid: `120px`, `minmax(160px, 1fr)`. */
  width: string;
  align?: 'end';
  /** Left out where the window is narrower than this. */
  hideBelow?: number;
  render: (row: Row) => ReactNode;
}

interface DataGridProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  onOpen?: (row: Row) => void;
  selectedKey?: string | undefined;
  rowHeight?: number;
  loading?: boolean;
  hasMore?: boolean;
  loadMore?: () => void;
  totalCount?: number | undefined;
  /** Shown in place of rows when there are none. */
  empty?: ReactNode;
  /** Width below which the grid scrolls sideways. */
  minWidth?: number;
  /** Grows with its rows up to this height instead of filling its place. */
  maxHeight?: number;
  /** Without a frame, inside a panel. */
  bare?: boolean;
}

/** A table of any length: only the rows in view are in the document. Arrows move, Enter opens. */
export function DataGrid<Row>(props: DataGridProps<Row>) {
  const { rows, rowKey, onOpen, rowHeight = 40, hasMore = false, loadMore } = props;
  const { width } = useViewportSize();
  const columns = props.columns.filter(({ hideBelow = 0 }) => width === 0 || width >= hideBelow);
  const scroll = useRef<HTMLDivElement>(null);
  const id = useId();
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollPaddingStart: 34,
  });
  const keys = useGridKeys(
    rows.length,
    (index) => virtualizer.scrollToIndex(index),
    (index) => {
      const row = rows[index];
      if (row) onOpen?.(row);
    },
  );

  const items = virtualizer.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && lastShown >= rows.length - 30) loadMore?.();
  }, [hasMore, lastShown, rows.length, loadMore]);

  const isEmpty = !props.loading && rows.length === 0;
  const style = {
    '--columns': columns.map(({ width }) => width).join(' '),
    '--min-width': `${props.minWidth ?? 0}px`,
    ...(props.maxHeight ? { maxHeight: props.maxHeight } : {}),
  } as CSSProperties;
  const classes = [styles['grid'], !props.maxHeight && styles['filling'], props.bare && styles['bare']];

  return (
    <div className={classes.filter(Boolean).join(' ')} style={style}>
      <div
        ref={scroll}
        className={styles['scroll']}
        role="grid"
        aria-label={props.label}
        aria-rowcount={props.totalCount ?? rows.length}
        aria-busy={props.loading ?? false}
        aria-activedescendant={rows.length > 0 ? `${id}-${keys.active}` : undefined}
        tabIndex={0}
        onKeyDown={keys.onKeyDown}
      >
        <div className={styles['header']} role="row">
          {columns.map((column) => (
            <div
              key={column.key}
              role="columnheader"
              className={`${styles['cell']} ${column.align ? styles['end'] : ''}`}
            >
              {column.header}
            </div>
          ))}
        </div>
        {props.loading && rows.length === 0 && (
          <SkeletonRows rowHeight={rowHeight} columns={columns.length} />
        )}
        {isEmpty && props.empty}
        <div className={styles['rows']} style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            const key = rowKey(row);
            return (
              <div
                key={key}
                id={`${id}-${item.index}`}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={key === props.selectedKey}
                className={styles['row']}
                data-active={item.index === keys.active}
                data-selected={key === props.selectedKey}
                data-open={Boolean(onOpen)}
                style={{ height: rowHeight, transform: `translateY(${item.start}px)` }}
                onClick={(event) => {
                  keys.setActive(item.index);
                  if (!(event.target as HTMLElement).closest('a, button, input')) onOpen?.(row);
                }}
              >
                {columns.map((column) => (
                  <div
                    key={column.key}
                    role="gridcell"
                    className={`${styles['cell']} ${column.align ? styles['end'] : ''}`}
                  >
                    {column.render(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {props.totalCount !== undefined && props.totalCount > 0 && (
        <div className={`${styles['foot']} num`}>
          {rows.length < props.totalCount
            ? `${formatNumber(rows.length)} of ${formatNumber(props.totalCount)}`
            : formatNumber(props.totalCount)}
        </div>
      )}
    </div>
  );
}

function SkeletonRows({ rowHeight, columns }: { rowHeight: number; columns: number }) {
  return (
    <div className={styles['skeletons']} aria-hidden="true">
      {Array.from({ length: 8 }, (_, row) => (
        <div key={row} className={styles['skeleton']} style={{ height: rowHeight }}>
          {Array.from({ length: Math.min(columns, 5) }, (_, column) => (
            <Skeleton
              key={column}
              height={9}
              width={column === 0 ? '22%' : `${9 + ((row + column) % 3) * 3}%`}
            />
          ))}
        </div>
      ))}
    </div>
  );
}
