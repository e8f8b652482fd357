import { Button } from '@mantine/core';
import { IconDatabase, IconRefresh } from '@tabler/icons-react';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { auditTailSubscription } from '../audit/audit.query.js';
import { StatusBadge } from '../components/badges.js';
import { CopyAsCli } from '../components/copy-button.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { Facet } from '../components/facet.js';
import { Stat } from '../components/facts.js';
import { counted, formatNumber, sentence } from '../components/format.js';
import { Page } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { notifyDone } from '../components/toasts.js';
import { useCommand } from '../graphql/use-command.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { usePages } from '../graphql/use-pages.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { fleetStatuses } from '../statuses.js';
import {
  fleetDatabasesQuery,
  type FleetDatabase,
  fleetQuery,
  migrateFleetMutation,
  retryFleetMigrationMutation,
} from './fleet.query.js';
import styles from './fleet.module.css';

const route = getRouteApi('/fleet');

/** Every tenant database with the version of its schema; what failed is tried again alone. */
export function FleetPage() {
  const { status } = route.useSearch();
  const navigate = route.useNavigate();
  const open = useNavigate();
  const may = useCan('operations:write');
  const summary = useRead(fleetQuery, {});
  const databases = usePages(fleetDatabasesQuery, { status: status ?? null }, (data) => data.fleet.databases);
  const migrate = useCommand(migrateFleetMutation);
  const retry = useCommand(retryFleetMigrationMutation);
  const refresh = useThrottled(() => {
    summary.refresh();
    databases.refresh();
  }, 600);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.area === 'tenancy' || auditTail.area === 'operations') refresh();
  });
  const show = (id: string | undefined) => {
    if (id) void open({ to: '/operations/$id', params: { id } });
    else notifyDone('Nothing is behind');
  };
  const onMigrate = async () => {
    const done = await migrate.run({});
    if (done) show(done.migrateFleet.operation?.id);
  };
  const onRetry = async (database: FleetDatabase) => {
    const done = await retry.run({ database: database.id });
    if (done) show(done.retryFleetMigration.operation?.id);
  };
  const fleet = summary.data?.fleet;
  return (
    <Page
      fill
      title="Fleet"
      subtitle="Every tenant database and how far its schema has come. One that fails holds up no other."
      actions={
        <>
          <CopyAsCli command="tierdeck fleet status" />
          <Button
            disabled={!may || !fleet || fleet.behind + fleet.failed === 0}
            loading={migrate.busy}
            onClick={() => void onMigrate()}
          >
            Migrate what is behind
          </Button>
        </>
      }
      toolbar={
        <Facet
          label="State"
          options={fleetStatuses}
          value={status}
          onChange={(value) => void navigate({ search: (now) => ({ ...now, status: value }), replace: true })}
        />
      }
    >
      {fleet && (
        <div className={styles['stats']}>
          <Stat label="Newest migration" value={<span className="mono">{fleet.version}</span>} />
          <Stat label="Current" value={formatNumber(fleet.current)} />
          <Stat label="Behind" value={formatNumber(fleet.behind)} />
          <Stat label="Failed" value={formatNumber(fleet.failed)} />
          {fleet.prepared.map(({ cluster, ready, wanted }) => (
            <Stat
              key={cluster}
              label={`Prepared on ${cluster}`}
              value={`${formatNumber(ready)} of ${formatNumber(wanted)}`}
            />
          ))}
        </div>
      )}
      {databases.problem ? (
        <ProblemState problem={databases.problem} onRetry={databases.refresh} />
      ) : (
        <DataGrid
          label="Tenant databases"
          rows={databases.rows}
          columns={columnsWith(may ? (database) => void onRetry(database) : undefined)}
          rowKey={({ id }) => id}
          rowHeight={48}
          minWidth={860}
          loading={databases.loading}
          hasMore={databases.hasMore}
          loadMore={databases.loadMore}
          totalCount={databases.totalCount}
          empty={
            <EmptyState
              icon={IconDatabase}
              title={status ? 'No database is in this state' : 'No tenant databases yet'}
              cli="tierdeck tenant onboard acme --name 'Acme Supply' --database DEDICATED"
            >
              The first tenant brings the pooled database; each dedicated one brings its own.
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}

const columnsWith = (onRetry: ((database: FleetDatabase) => void) | undefined): Column<FleetDatabase>[] => [
  {
    key: 'name',
    header: 'Database',
    width: 'minmax(190px, 1.3fr)',
    render: ({ name, cluster }) => (
      <>
        <b className="mono">{name}</b> <span className="faint">on {cluster}</span>
      </>
    ),
  },
  { key: 'kind', header: 'Kind', width: '92px', render: ({ kind }) => sentence(kind) },
  {
    key: 'tenants',
    header: 'Tenants',
    width: 'minmax(130px, 1fr)',
    render: ({ tenants }) =>
      tenants.length === 1 && tenants[0] ? (
        <Link to="/tenants/$slug" params={{ slug: tenants[0] }} className="quiet">
          {tenants[0]}
        </Link>
      ) : (
        <span className={tenants.length ? 'num' : 'faint'}>{counted(tenants.length, 'tenant')}</span>
      ),
  },
  { key: 'status', header: 'State', width: '104px', render: ({ status }) => <StatusBadge status={status} /> },
  {
    key: 'version',
    header: 'Version',
    width: 'minmax(130px, 1fr)',
    render: ({ version, error }) =>
      error ? (
        <span className={styles['error']} title={error}>
          {error}
        </span>
      ) : (
        <span className="mono dim">{version ?? 'not known yet'}</span>
      ),
  },
  {
    key: 'migrated',
    header: 'Migrated',
    width: '92px',
    align: 'end',
    render: ({ migratedAt }) => (
      <span className="dim">
        <Time at={migratedAt} />
      </span>
    ),
  },
  {
    key: 'retry',
    header: '',
    width: '88px',
    align: 'end',
    render: (database) =>
      database.status === 'CURRENT' ? null : (
        <Button
          variant="default"
          size="compact-xs"
          disabled={!onRetry}
          leftSection={<IconRefresh size={13} />}
          onClick={() => onRetry?.(database)}
        >
          Retry
        </Button>
      ),
  },
];
