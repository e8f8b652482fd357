import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { Badge, StatusBadge } from '../components/badges.js';
import { formatNumber } from '../components/format.js';
import { Panel } from '../components/page.js';
import { Table, type TableColumn } from '../components/table.js';
import { Time } from '../components/time.js';
import { graphql, type ResultOf } from '../graphql/graphql.js';
import { useRead } from '../graphql/use-read.js';

const workerProcessesQuery = graphql(`
  query WorkerProcesses($tenant: String) {
    workerProcesses(tenant: $tenant) {
      name
      supervisor
      tenant
      state
      pid
      failures
      crashLooping
      lastExit
      lastExitAt
      nextStartAt
      reported
      seenAt
    }
  }
`);

type WorkerProcess = ResultOf<typeof workerProcessesQuery>['workerProcesses'][number];

const refreshMilliseconds = 5_000;

/** The integration workers that a supervisor keeps up, those that do not stay up first: of a tenant, or all. */
export function WorkerProcesses({ tenant }: { tenant?: string }) {
  const { data, refresh } = useRead(workerProcessesQuery, { tenant: tenant ?? null });
  useEffect(() => {
    // A start or an end of a process is no change of state, so no event tells of it.
    const timer = setInterval(refresh, refreshMilliseconds);
    return () => clearInterval(timer);
  }, [refresh]);
  if (!data || data.workerProcesses.length === 0) return null;
  return (
    <Panel title="Supervised workers" flush>
      <Table
        label="Supervised workers"
        rows={data.workerProcesses}
        columns={columns}
        rowKey={({ supervisor, name }) => `${supervisor} ${name}`}
      />
    </Panel>
  );
}

const columns: TableColumn<WorkerProcess>[] = [
  {
    key: 'name',
    header: 'Worker',
    render: ({ name, supervisor }) => (
      <>
        <span className="mono">{name}</span> <span className="faint">by {supervisor}</span>
      </>
    ),
  },
  {
    key: 'tenant',
    header: 'Serves',
    render: ({ tenant }) =>
      tenant ? (
        <Link to="/tenants/$slug" params={{ slug: tenant }} className="quiet">
          {tenant}
        </Link>
      ) : (
        <span className="dim">every shared tenant</span>
      ),
  },
  { key: 'state', header: 'State', render: (process) => <State process={process} /> },
  {
    key: 'failures',
    header: 'Ended in a row',
    align: 'end',
    render: ({ failures }) => formatNumber(failures),
  },
  {
    key: 'last',
    header: 'Last end',
    render: ({ lastExit, lastExitAt }) =>
      lastExit ? (
        <span className="dim">
          {lastExit}, <Time at={lastExitAt} />
        </span>
      ) : (
        <span className="faint">—</span>
      ),
  },
  {
    key: 'next',
    header: 'Starts again',
    render: ({ nextStartAt }) => <Time at={nextStartAt} />,
  },
  {
    key: 'pid',
    header: 'Process',
    align: 'end',
    render: ({ pid }) => <span className="mono">{pid ?? '—'}</span>,
  },
];

function State({ process }: { process: WorkerProcess }) {
  if (!process.reported) {
    return (
      <Badge tone="bad" dot plain>
        Not reported since <Time at={process.seenAt} />
      </Badge>
    );
  }
  if (process.crashLooping) {
    return (
      <Badge tone="bad" dot plain>
        Does not stay up
      </Badge>
    );
  }
  if (process.state === 'RUNNING') {
    return (
      <Badge tone="good" dot plain>
        Running
      </Badge>
    );
  }
  return <StatusBadge status={process.state} plain />;
}
