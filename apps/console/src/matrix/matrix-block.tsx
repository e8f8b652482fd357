import { memo } from 'react';
import { valueIndex, valueLabel } from '../flags/flag-value.js';
import { type ChangeSet, draftKey } from './change-set.js';
import { rowHeight } from './matrix-geometry.js';
import type { MatrixTiles } from './matrix-tiles.js';
import { isOwn } from '../flags/matrix.query.js';
import { sourceMark } from '../flags/source.js';
import styles from './matrix.module.css';

interface MatrixBlockProps {
  tiles: MatrixTiles;
  /** Of the tiles: what was read since is rendered. */
  version: number;
  drafts: ChangeSet;
  id: string;
  fromRow: number;
  toRow: number;
  fromColumn: number;
  toColumn: number;
  columnWidth: number;
}

/** Some rows by some columns. Rendered when it comes into view and when its data changes, not while it scrolls. */
export const MatrixBlock = memo(function MatrixBlock(props: MatrixBlockProps) {
  const { tiles, drafts, id, fromRow, toRow, fromColumn, toColumn, columnWidth } = props;
  const rows = [];
  for (let row = fromRow; row < toRow; row++) {
    const cells = [];
    for (let column = fromColumn; column < toColumn; column++) {
      cells.push(<MatrixCell key={column} tiles={tiles} drafts={drafts} row={row} column={column} id={id} />);
    }
    rows.push(
      <div key={row} role="row" aria-rowindex={row + 2} className={styles['line']}>
        {cells}
      </div>,
    );
  }
  return (
    <div
      role="presentation"
      className={styles['block']}
      style={{ transform: `translate(${fromColumn * columnWidth}px, ${fromRow * rowHeight}px)` }}
    >
      {rows}
    </div>
  );
});

interface MatrixCellProps {
  tiles: MatrixTiles;
  drafts: ChangeSet;
  row: number;
  column: number;
  id: string;
}

function MatrixCell({ tiles, drafts, row, column, id }: MatrixCellProps) {
  const flag = tiles.flag(row);
  const head = tiles.column(column);
  const decision = tiles.decision(row, column);
  const place = { id: `${id}-${row}-${column}`, role: 'gridcell', 'aria-colindex': column + 2 };
  if (!flag || !head || !decision) return <div {...place} className={styles['cell']} data-loading />;
  const draft = drafts.size > 0 ? drafts.get(draftKey(flag.key, head)) : undefined;
  const value = draft?.rule ?? decision;
  const variants = flag.variants.map(({ name }) => name);
  const own = draft ? draft.rule !== null : isOwn(decision, head);
  return (
    <div
      {...place}
      className={styles['cell']}
      data-value={draft?.rule === null ? 'inherit' : valueIndex({ ...value, variants }) % 5}
      data-own={own}
      data-draft={draft !== undefined}
    >
      <span>{draft?.rule === null ? 'inherit' : valueLabel(value)}</span>
      <i>{draft ? '' : sourceMark(decision)}</i>
    </div>
  );
}
