import { StatusBadge } from '../components/badges.js';
import { formatDuration, formatNumber } from '../components/format.js';
import { Time } from '../components/time.js';
import type { TenantMove } from './placement.query.js';
import styles from './backups.module.css';

export function MoveTable({ moves }: { moves: readonly TenantMove[] }) {
  return (
    <table className={styles['table']}>
      <thead>
        <tr>
          <th>When</th>
          <th>From, to</th>
          <th>State</th>
          <th>Rows</th>
          <th>Writers waited</th>
        </tr>
      </thead>
      <tbody>
        {moves.map((move) => (
          <tr key={move.id}>
            <td>
              <Time at={move.createdAt} />
            </td>
            <td className="mono">
              {move.sourceName}, {move.targetName}
            </td>
            <td>
              <StatusBadge status={move.state} plain />
            </td>
            <td className="num">{formatNumber(move.rowsCopied)}</td>
            <td className="num">{move.pauseMs === null ? '—' : formatDuration(move.pauseMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
