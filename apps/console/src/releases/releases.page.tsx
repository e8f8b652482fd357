import { Button } from '@mantine/core';
import { IconPlus, IconStack2 } from '@tabler/icons-react';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { auditTailSubscription } from '../audit/audit.query.js';
import { StatusBadge } from '../components/badges.js';
import { CopyAsCli } from '../components/copy-button.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { Facet } from '../components/facet.js';
import { Page } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { usePages } from '../graphql/use-pages.js';
import { useCan } from '../session/session.js';
import { releaseStatuses } from '../statuses.js';
import styles from './board.module.css';
import { type ReleaseRow, releasesQuery } from './releases.query.js';

const route = getRouteApi('/releases');

export function ReleasesPage() {
  const { status } = route.useSearch();
  const navigate = route.useNavigate();
  const open = useNavigate();
  const may = useCan('releases:write');
  const releases = usePages(releasesQuery, { status: status ?? null }, (data) => data.releases);
  const refresh = useThrottled(releases.refresh, 500);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.area === 'releases') refresh();
  });
  const create = (
    <Button component={Link} to="/releases/new" leftSection={<IconPlus size={15} />} disabled={!may}>
      Plan release
    </Button>
  );
  return (
    <Page
      fill
      title="Releases"
      subtitle="A bad release reaches one wave, stops by itself and is undone."
      actions={
        <>
          <CopyAsCli command="tierdeck get releases" />
          {create}
        </>
      }
      toolbar={
        <Facet
          label="Status"
          options={releaseStatuses}
          value={status}
          onChange={(value) => void navigate({ search: (now) => ({ ...now, status: value }), replace: true })}
        />
      }
    >
      {releases.problem ? (
        <ProblemState problem={releases.problem} onRetry={releases.refresh} />
      ) : (
        <DataGrid
          label="Releases"
          rows={releases.rows}
          columns={columns}
          rowKey={(release) => release.id}
          rowHeight={52}
          minWidth={820}
          loading={releases.loading}
          hasMore={releases.hasMore}
          loadMore={releases.loadMore}
          totalCount={releases.totalCount}
          onOpen={({ id }) => void open({ to: '/releases/$id', params: { id } })}
          empty={
            <EmptyState
              icon={IconStack2}
              title="No releases yet"
              cli="tierdeck release create -f release.yaml"
              action={create}
            >
              A release is a set of flag changes and tenant migrations that goes to tenants in waves. Each
              wave waits, and its gates watch the figures of the business.
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}

const columns: Column<ReleaseRow>[] = [
  {
    key: 'name',
    header: 'Release',
    width: 'minmax(220px, 2fr)',
    render: (release) => (
      <div className={styles['releaseName']}>
        <Link to="/releases/$id" params={{ id: release.id }} className="quiet truncate" tabIndex={-1}>
          {release.name}
        </Link>
        <span className="dim truncate">{release.statusReason ?? release.description ?? ' '}</span>
      </div>
    ),
  },
  {
    key: 'status',
    header: 'Status',
    width: '126px',
    render: (release) => <StatusBadge status={release.status} />,
  },
  {
    key: 'waves',
    header: 'Waves',
    width: '128px',
    render: (release) => (
      <span
        className={styles['track']}
        title={release.waves.map((wave) => `${wave.name}: ${wave.status}`).join('\n')}
      >
        {release.waves.map((wave) => (
          <i key={wave.position} data-status={wave.status} />
        ))}
      </span>
    ),
  },
  {
    key: 'content',
    header: 'Content',
    width: 'minmax(150px, 1fr)',
    render: (release) => (
      <span className="mono dim">
        {[...release.flagChanges.map(({ flag }) => flag), ...release.migrations].join(', ')}
      </span>
    ),
  },
  {
    key: 'exposed',
    header: 'Exposed',
    width: '76px',
    align: 'end',
    render: (release) => release.exposedTenants,
  },
  {
    key: 'by',
    header: 'By',
    width: '110px',
    render: (release) => <span className="dim">{release.createdBy}</span>,
  },
  {
    key: 'created',
    header: 'Created',
    width: '92px',
    align: 'end',
    render: (release) => (
      <span className="dim">
        <Time at={release.createdAt} />
      </span>
    ),
  },
];
