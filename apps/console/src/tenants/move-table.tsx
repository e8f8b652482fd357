import { StatusBadge } from '../components/badges.js';
import { formatDuration, formatNumber } from '../components/format.js';
import { Table, type TableColumn } from '../components/table.js';
import { Time } from '../components/time.js';
import type { TenantMove } from './placement.query.js';

export function MoveTable({ moves }: { moves: readonly TenantMove[] }) {
  return <Table label="Moves so far" rows={moves} columns={columns} rowKey={({ id }) => id} />;
}

const columns: TableColumn<TenantMove>[] = [
  { key: 'when', header: 'When', render: ({ createdAt }) => <Time at={createdAt} /> },
  {
    key: 'way',
    header: 'From, to',
    render: ({ sourceName, targetName }) => (
      <span className="mono">
        {sourceName} → {targetName}
      </span>
    ),
  },
  { key: 'state', header: 'State', render: ({ state }) => <StatusBadge status={state} plain /> },
  {
    key: 'rows',
    header: 'Rows',
    align: 'end',
    render: ({ rowsCopied }) => formatNumber(rowsCopied),
  },
  {
    key: 'pause',
    header: 'Writers waited',
    align: 'end',
    render: ({ pauseMs }) => (pauseMs === null ? '—' : formatDuration(pauseMs)),
  },
];
