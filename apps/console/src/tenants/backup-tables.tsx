import { Button } from '@mantine/core';
import { StatusBadge } from '../components/badges.js';
import { formatBytes, formatDuration, formatNumber, sentence } from '../components/format.js';
import { Time } from '../components/time.js';
import type { Backup, Drill, Restore } from './backups.query.js';
import styles from './backups.module.css';

type OnRestore = ((backup: Backup) => void) | undefined;

export function BackupTable({ backups, onRestore }: { backups: readonly Backup[]; onRestore: OnRestore }) {
  return (
    <table className={styles['table']}>
      <thead>
        <tr>
          <th>State of</th>
          <th>Status</th>
          <th>Rows</th>
          <th>Stored</th>
          <th>Why</th>
          <th aria-label="Actions" />
        </tr>
      </thead>
      <tbody>
        {backups.map((backup) => (
          <tr key={backup.id}>
            <td>
              <Time at={backup.snapshotAt ?? backup.startedAt} />
            </td>
            <td>
              <StatusBadge status={backup.status} plain />
              {backup.error && <div className={styles['error']}>{backup.error}</div>}
            </td>
            <td className="num">{backup.rows === null ? '—' : formatNumber(backup.rows)}</td>
            <td className="num">{backup.storedBytes === null ? '—' : formatBytes(backup.storedBytes)}</td>
            <td className="dim">
              {sentence(backup.reason)}, {backup.requestedBy}
            </td>
            <td className={styles['action']}>
              {backup.status === 'COMPLETE' && (
                <Button
                  variant="default"
                  size="compact-xs"
                  disabled={!onRestore}
                  onClick={() => onRestore?.(backup)}
                >
                  Restore
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The evidence: what was restored, how long it took, how old the data was. */
export function DrillTable({ drills }: { drills: readonly Drill[] }) {
  return (
    <table className={styles['table']}>
      <thead>
        <tr>
          <th>When</th>
          <th>Result</th>
          <th>Rows</th>
          <th>Recovery time</th>
          <th>Age of the data</th>
        </tr>
      </thead>
      <tbody>
        {drills.map((drill) => (
          <tr key={drill.id}>
            <td>
              <Time at={drill.startedAt} />
            </td>
            <td>
              <StatusBadge status={drill.status} plain />
              {drill.error && <div className={styles['error']}>{drill.error}</div>}
            </td>
            <td className="num">{drill.rows === null ? '—' : formatNumber(drill.rows)}</td>
            <td className="num">{drill.recoveryMs === null ? '—' : formatDuration(drill.recoveryMs)}</td>
            <td className="num">{drill.dataAgeMs === null ? '—' : formatDuration(drill.dataAgeMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface RestoreTableProps {
  restores: readonly Restore[];
  backups: readonly Backup[];
  onUndo: OnRestore;
}

export function RestoreTable({ restores, backups, onUndo }: RestoreTableProps) {
  return (
    <table className={styles['table']}>
      <thead>
        <tr>
          <th>When</th>
          <th>How</th>
          <th>Status</th>
          <th>Where</th>
          <th aria-label="Actions" />
        </tr>
      </thead>
      <tbody>
        {restores.map((restore) => {
          const before = backups.find(
            ({ id, status }) => id === restore.beforeBackupId && status === 'COMPLETE',
          );
          return (
            <tr key={restore.id}>
              <td>
                <Time at={restore.startedAt} />
              </td>
              <td>{sentence(restore.mode)}</td>
              <td>
                <StatusBadge status={restore.status} plain />
                {restore.error && <div className={styles['error']}>{restore.error}</div>}
              </td>
              <td className="dim">
                {restore.databaseName && <span className="mono">{restore.databaseName}</span>}
                {restore.expiresAt && (
                  <>
                    {' '}
                    until <Time at={restore.expiresAt} />
                  </>
                )}
              </td>
              <td className={styles['action']}>
                {before && (
                  <Button
                    variant="default"
                    size="compact-xs"
                    disabled={!onUndo}
                    onClick={() => onUndo?.(before)}
                  >
                    State before it
                  </Button>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
