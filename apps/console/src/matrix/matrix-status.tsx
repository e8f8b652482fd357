import { Kbd } from '@mantine/core';
import { formatNumber } from '../components/format.js';
import { valueLabel } from '../flags/flag-value.js';
import { type ChangeSet, draftKey, type PaintedCell } from './change-set.js';
import { sourceWords } from '../flags/source.js';
import styles from './matrix.module.css';

interface MatrixStatusProps {
  cell: PaintedCell | undefined;
  drafts: ChangeSet;
  note: string | undefined;
  painting: boolean;
}

/** The active cell in words, which a screen reader speaks as the cursor moves. */
export function MatrixStatus({ cell, drafts, note, painting }: MatrixStatusProps) {
  const draft = cell && drafts.get(draftKey(cell.flag.key, cell.column));
  return (
    <div className={styles['status']}>
      <span className={`${styles['statusText']} truncate`} role="status">
        {note ??
          (cell && (
            <>
              <b className="mono">{cell.flag.key}</b> for <b>{cell.column.label}</b>
              {cell.column.kind !== 'TENANT' &&
                `, ${cell.column.kind.toLowerCase()} of ${cell.column.tenantName}`}
              : <b>{valueLabel(cell.decision)}</b>, {sourceWords(cell.decision, cell.column)}
              {draft && <>. Painted: {draft.rule ? valueLabel(draft.rule) : 'inherit'}</>}
            </>
          ))}
      </span>
      {drafts.size > 0 && <span className="num">{formatNumber(drafts.size)} painted</span>}
      <span>
        <Kbd>Enter</Kbd> explains, <Kbd>Space</Kbd> {painting ? 'paints' : 'paints the next value'}
      </span>
    </div>
  );
}
