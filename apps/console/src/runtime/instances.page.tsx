import { IconServer2 } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { Badge } from '../components/badges.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { Page } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { graphql, type ResultOf } from '../graphql/graphql.js';
import { useRead } from '../graphql/use-read.js';
import { counted } from '../components/format.js';

const instancesQuery = graphql(`
  query RuntimeInstances {
    runtimeInstances {
      id
      service
      tenant
      seenAt
      startedAt
      appliedRevision
      alive
    }
    auditEvents(first: 1) {
      edges {
        node {
          revision
        }
      }
    }
  }
`);

type Instance = ResultOf<typeof instancesQuery>['runtimeInstances'][number] & { head: number };

const refreshMilliseconds = 5_000;

/** The processes of the data plane, by their heartbeats. */
export function InstancesPage() {
  const { data, problem, loading, refresh } = useRead(instancesQuery, {});
  const open = useNavigate();
  useEffect(() => {
    // Heartbeats are no changes of state, so no event tells of them.
    const timer = setInterval(refresh, refreshMilliseconds);
    return () => clearInterval(timer);
  }, [refresh]);
  const head = data?.auditEvents.edges[0]?.node.revision ?? 0;
  const rows = (data?.runtimeInstances ?? []).map((instance) => ({ ...instance, head }));
  const alive = rows.filter((instance) => instance.alive).length;
  return (
    <Page
      fill
      title="Data plane"
      subtitle={
        data
          ? `${alive} of ${counted(rows.length, 'instance')} alive. The newest revision is ${head}; each instance keeps serving from its last snapshot when the control plane is away.`
          : ' '
      }
    >
      {problem && !data ? (
        <ProblemState problem={problem} onRetry={refresh} />
      ) : (
        <DataGrid
          label="Data plane instances"
          rows={rows}
          columns={columns}
          rowKey={(instance) => instance.id}
          minWidth={760}
          loading={loading}
          totalCount={rows.length}
          onOpen={({ tenant }) => {
            if (tenant) void open({ to: '/tenants/$slug', params: { slug: tenant } });
          }}
          empty={
            <EmptyState icon={IconServer2} title="No instance has reported yet" cli="npm start">
              A service with the Tierdeck runtime in it reports here by itself. It needs a runtime token and
              the address of this control plane.
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}

const columns: Column<Instance>[] = [
  {
    key: 'service',
    header: 'Service',
    width: 'minmax(160px, 1fr)',
    render: (instance) => <b style={{ fontWeight: 560 }}>{instance.service}</b>,
  },
  {
    key: 'alive',
    header: 'State',
    width: '110px',
    render: (instance) => (
      <Badge tone={instance.alive ? 'good' : 'bad'} dot plain>
        {instance.alive ? 'Alive' : 'Silent'}
      </Badge>
    ),
  },
  {
    key: 'tenant',
    header: 'Serves',
    width: 'minmax(150px, 1fr)',
    render: (instance) =>
      instance.tenant ? (
        <Link to="/tenants/$slug" params={{ slug: instance.tenant }} className="quiet" tabIndex={-1}>
          {instance.tenant}
        </Link>
      ) : (
        <span className="faint">every tenant</span>
      ),
  },
  {
    key: 'id',
    header: 'Instance',
    width: 'minmax(160px, 1.4fr)',
    render: (instance) => <span className="mono dim">{instance.id}</span>,
  },
  {
    key: 'revision',
    header: 'Applied revision',
    width: '150px',
    align: 'end',
    render: ({ appliedRevision, head }) => (
      <span>
        {appliedRevision}{' '}
        <span className="faint">
          {appliedRevision >= head ? '(newest)' : `(${head - appliedRevision} behind)`}
        </span>
      </span>
    ),
  },
  {
    key: 'seen',
    header: 'Last seen',
    width: '96px',
    align: 'end',
    render: (instance) => (
      <span className="dim">
        <Time at={instance.seenAt} />
      </span>
    ),
  },
  {
    key: 'started',
    header: 'Started',
    width: '92px',
    align: 'end',
    render: (instance) => (
      <span className="dim">
        <Time at={instance.startedAt} />
      </span>
    ),
  },
];
