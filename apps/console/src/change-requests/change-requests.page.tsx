import { IconGitPullRequest } from '@tabler/icons-react';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { auditTailSubscription } from '../audit/audit.query.js';
import { StatusBadge } from '../components/badges.js';
import { CopyAsCli } from '../components/copy-button.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { Facet } from '../components/facet.js';
import { formatLocal } from '../components/format.js';
import { Page } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { usePages } from '../graphql/use-pages.js';
import { changeRequestStatuses } from '../statuses.js';
import { type ChangeRequestRow, changeRequestsQuery } from './change-requests.query.js';
import { WaitingReleases } from './waiting-releases.js';
import styles from './change-requests.module.css';

const route = getRouteApi('/change-requests');

/** What waits for somebody's approval: changes of flags, and releases. */
export function ChangeRequestsPage() {
  const { status } = route.useSearch();
  const navigate = route.useNavigate();
  const open = useNavigate();
  const requests = usePages(
    changeRequestsQuery,
    { environment: null, status: status ?? ['IN_REVIEW', 'SCHEDULED', 'DRAFT', 'REJECTED'] },
    (data) => data.changeRequests,
  );
  const refresh = useThrottled(requests.refresh, 500);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.area === 'flags') refresh();
  });
  return (
    <Page
      fill
      title="Approvals"
      subtitle="Who wrote a change cannot approve it, and an approval is for exactly what was looked at: any edit voids it."
      actions={<CopyAsCli command="tierdeck change-request list" />}
      toolbar={
        <Facet
          label="Status"
          options={changeRequestStatuses}
          value={status}
          onChange={(value) => void navigate({ search: (now) => ({ ...now, status: value }), replace: true })}
        />
      }
    >
      <WaitingReleases />
      {requests.problem ? (
        <ProblemState problem={requests.problem} onRetry={requests.refresh} />
      ) : (
        <DataGrid
          label="Change requests"
          rows={requests.rows}
          columns={columns}
          rowKey={({ id }) => id}
          rowHeight={52}
          minWidth={760}
          loading={requests.loading}
          hasMore={requests.hasMore}
          loadMore={requests.loadMore}
          totalCount={requests.totalCount}
          onOpen={({ id }) => void open({ to: '/change-requests/$id', params: { id } })}
          empty={
            <EmptyState
              icon={IconGitPullRequest}
              title="Nothing waits for approval"
              cli="tierdeck change-request open pricing.engine waterfall-v2 --tenant northwind --env production --submit"
            >
              A flag that moves money is turned on in production only with somebody else's approval. Painting
              it in the matrix, or setting its rule, opens a request that shows up here.
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}

const columns: Column<ChangeRequestRow>[] = [
  {
    key: 'title',
    header: 'Request',
    width: 'minmax(220px, 2fr)',
    render: (request) => (
      <div className={styles['name']}>
        <Link to="/change-requests/$id" params={{ id: request.id }} className="quiet truncate" tabIndex={-1}>
          {request.title}
        </Link>
        <span className="dim truncate">
          {request.changes[0]?.summary}
          {request.changes.length > 1 && ` and ${request.changes.length - 1} more`}
        </span>
      </div>
    ),
  },
  {
    key: 'environment',
    header: 'Environment',
    width: '110px',
    render: ({ environment }) => environment,
  },
  {
    key: 'status',
    header: 'Status',
    width: '160px',
    render: ({ status, applyAt }) => (
      <div className={styles['name']}>
        <StatusBadge status={status} />
        {status === 'SCHEDULED' && applyAt && <span className="dim">{formatLocal(applyAt)}</span>}
      </div>
    ),
  },
  {
    key: 'approvals',
    header: 'Approvals',
    width: '92px',
    render: ({ approvalsGiven, approvalsNeeded }) =>
      approvalsNeeded === 0 ? (
        <span className="faint">none needed</span>
      ) : (
        <span className="num">
          {approvalsGiven} of {approvalsNeeded}
        </span>
      ),
  },
  {
    key: 'author',
    header: 'By',
    width: '120px',
    render: ({ author }) => <span className="dim">{author}</span>,
  },
  {
    key: 'when',
    header: 'Opened',
    width: '92px',
    align: 'end',
    render: ({ createdAt }) => (
      <span className="dim">
        <Time at={createdAt} />
      </span>
    ),
  },
];
