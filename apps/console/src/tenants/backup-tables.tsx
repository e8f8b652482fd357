import { Button, Group } from '@mantine/core';
import { StatusBadge } from '../components/badges.js';
import { counted, formatBytes, formatDuration, formatNumber, sentence } from '../components/format.js';
import { RowError, Table, type TableColumn } from '../components/table.js';
import { Time } from '../components/time.js';
import type { Backup, Drill, Restore } from './backups.query.js';
import { DownloadArchive } from './download-archive.js';

type OnRestore = ((backup: Backup) => void) | undefined;

const rowsOr = (rows: number | null) => (rows === null ? '—' : formatNumber(rows));

interface BackupTableProps {
  slug: string;
  backups: readonly Backup[];
  onRestore: OnRestore;
}

export function BackupTable({ slug, backups, onRestore }: BackupTableProps) {
  const columns: TableColumn<Backup>[] = [
    {
      key: 'state',
      header: 'State of',
      render: ({ snapshotAt, startedAt }) => <Time at={snapshotAt ?? startedAt} />,
    },
    {
      key: 'status',
      header: 'Status',
      render: ({ status, error }) => (
        <>
          <StatusBadge status={status} plain />
          <RowError>{error}</RowError>
        </>
      ),
    },
    { key: 'rows', header: 'Rows', align: 'end', render: ({ rows }) => rowsOr(rows) },
    {
      key: 'stored',
      header: 'Stored',
      align: 'end',
      render: ({ storedBytes }) => (storedBytes === null ? '—' : formatBytes(storedBytes)),
    },
    {
      key: 'why',
      header: 'Why',
      render: ({ reason, requestedBy }) => (
        <span className="dim">
          {sentence(reason)}, {requestedBy}
        </span>
      ),
    },
    {
      key: 'actions',
      header: '',
      label: 'Actions',
      align: 'end',
      render: (backup) =>
        backup.status === 'COMPLETE' && (
          <Group gap={6} wrap="nowrap" justify="flex-end">
            <DownloadArchive backup={backup.id} slug={slug} compact />
            <Button
              variant="default"
              size="compact-xs"
              disabled={!onRestore}
              onClick={() => onRestore?.(backup)}
            >
              Restore
            </Button>
          </Group>
        ),
    },
  ];
  return <Table label="Archives" rows={backups} columns={columns} rowKey={({ id }) => id} />;
}

/** The evidence: what was restored, how long it took, how old the data was. */
export function DrillTable({ drills }: { drills: readonly Drill[] }) {
  return <Table label="Restore drills" rows={drills} columns={drillColumns} rowKey={({ id }) => id} />;
}

const drillColumns: TableColumn<Drill>[] = [
  { key: 'when', header: 'When', render: ({ startedAt }) => <Time at={startedAt} /> },
  {
    key: 'result',
    header: 'Result',
    render: ({ status, error }) => (
      <>
        <StatusBadge status={status} plain />
        <RowError>{error}</RowError>
      </>
    ),
  },
  {
    key: 'rows',
    header: 'Compared',
    align: 'end',
    render: ({ rows, tables }) =>
      rows === null ? '—' : `${counted(rows, 'row')} in ${counted(tables ?? 0, 'table')}`,
  },
  {
    key: 'recovery',
    header: 'Recovery time',
    align: 'end',
    render: ({ recoveryMs }) => (recoveryMs === null ? '—' : formatDuration(recoveryMs)),
  },
  {
    key: 'age',
    header: 'Age of the data',
    align: 'end',
    render: ({ dataAgeMs }) => (dataAgeMs === null ? '—' : formatDuration(dataAgeMs)),
  },
  { key: 'by', header: 'By', render: ({ requestedBy }) => <span className="dim">{requestedBy}</span> },
];

interface RestoreTableProps {
  restores: readonly Restore[];
  backups: readonly Backup[];
  onUndo: OnRestore;
}

export function RestoreTable({ restores, backups, onUndo }: RestoreTableProps) {
  const columns: TableColumn<Restore>[] = [
    { key: 'when', header: 'When', render: ({ startedAt }) => <Time at={startedAt} /> },
    { key: 'how', header: 'How', render: ({ mode }) => sentence(mode) },
    {
      key: 'status',
      header: 'Status',
      render: ({ status, error }) => (
        <>
          <StatusBadge status={status} plain />
          <RowError>{error}</RowError>
        </>
      ),
    },
    {
      key: 'where',
      header: 'Where',
      render: ({ databaseName, expiresAt }) => (
        <span className="dim">
          {databaseName && <span className="mono">{databaseName}</span>}
          {expiresAt && (
            <>
              {' '}
              until <Time at={expiresAt} />
            </>
          )}
        </span>
      ),
    },
    {
      key: 'actions',
      header: '',
      label: 'Actions',
      align: 'end',
      render: ({ beforeBackupId }) => {
        const before = backups.find(({ id, status }) => id === beforeBackupId && status === 'COMPLETE');
        return (
          before && (
            <Button variant="default" size="compact-xs" disabled={!onUndo} onClick={() => onUndo?.(before)}>
              State before it
            </Button>
          )
        );
      },
    },
  ];
  return <Table label="Restores" rows={restores} columns={columns} rowKey={({ id }) => id} />;
}
