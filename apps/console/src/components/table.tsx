import type { ReactNode } from 'react';
import type { Column } from './data-grid.js';
import styles from './table.module.css';

export interface TableColumn<Row> extends Pick<Column<Row>, 'key' | 'header' | 'align' | 'render'> {
  /** For a column whose header is empty: what a screen reader says. */
  label?: string;
}

interface TableProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly TableColumn<Row>[];
  rowKey: (row: Row) => string;
  /** Shown in place of the table when there are no rows. */
  empty?: ReactNode;
  onOpen?: (row: Row) => void;
  selectedKey?: string | undefined;
}

/** A short table inside a panel that is `flush`: as high as its rows, sideways scrolling where it is too narrow. */
export function Table<Row>({ label, rows, columns, rowKey, empty, onOpen, selectedKey }: TableProps<Row>) {
  if (rows.length === 0 && empty !== undefined) return <div className={styles['empty']}>{empty}</div>;
  return (
    <div className={styles['scroll']}>
      <table className={styles['table']} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                data-align={column.align}
                {...(column.label ? { 'aria-label': column.label } : {})}
              >
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={rowKey(row)}
              data-open={Boolean(onOpen)}
              data-selected={selectedKey !== undefined && rowKey(row) === selectedKey}
              onClick={(event) => {
                if (!(event.target as HTMLElement).closest('a, button, input')) onOpen?.(row);
              }}
            >
              {columns.map((column) => (
                <td key={column.key} data-align={column.align}>
                  {column.render(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What went wrong with a row, under its status. */
export function RowError({ children }: { children: ReactNode }) {
  return children ? <div className={styles['error']}>{children}</div> : null;
}
