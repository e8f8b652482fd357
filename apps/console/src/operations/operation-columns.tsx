import { Link } from '@tanstack/react-router';
import { StatusBadge } from '../components/badges.js';
import type { Column } from '../components/data-grid.js';
import { formatDuration } from '../components/format.js';
import { Time } from '../components/time.js';
import { operationTitle } from './operation-kind.js';
import type { OperationDetail } from './operation.fragment.js';
import { StepDots } from './step-dots.js';

export const operationColumns: Column<OperationDetail>[] = [
  {
    key: 'kind',
    header: 'Operation',
    width: 'minmax(150px, 1fr)',
    render: (operation) => (
      <Link to="/operations/$id" params={{ id: operation.id }} className="quiet" tabIndex={-1}>
        {operationTitle(operation.kind)}
      </Link>
    ),
  },
  {
    key: 'subject',
    header: 'Subject',
    width: 'minmax(150px, 1.2fr)',
    render: (operation) =>
      operation.tenant ? (
        <Link to="/tenants/$slug" params={{ slug: operation.tenant.slug }} className="quiet" tabIndex={-1}>
          {operation.tenant.name}
        </Link>
      ) : (
        <span className="mono dim">{operation.subject}</span>
      ),
  },
  {
    key: 'status',
    header: 'Status',
    width: '116px',
    render: (operation) => <StatusBadge status={operation.status} plain />,
  },
  {
    key: 'steps',
    header: 'Steps',
    width: '150px',
    render: (operation) => <StepDots steps={operation.steps} />,
  },
  {
    key: 'took',
    header: 'Took',
    width: '86px',
    align: 'end',
    render: ({ startedAt, finishedAt }) =>
      startedAt && finishedAt ? (
        formatDuration(new Date(finishedAt).getTime() - new Date(startedAt).getTime())
      ) : (
        <span className="faint">—</span>
      ),
  },
  {
    key: 'by',
    hideBelow: 1_180,
    header: 'Requested by',
    width: '130px',
    render: (operation) => <span className="dim">{operation.requestedBy}</span>,
  },
  {
    key: 'at',
    header: 'When',
    width: '92px',
    align: 'end',
    render: (operation) => (
      <span className="dim">
        <Time at={operation.createdAt} />
      </span>
    ),
  },
];
