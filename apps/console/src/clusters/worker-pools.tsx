import { Badge } from '../components/badges.js';
import { formatNumber, sentence } from '../components/format.js';
import { Meter } from '../components/meter.js';
import { Panel } from '../components/page.js';
import { Table, type TableColumn } from '../components/table.js';
import { useRead } from '../graphql/use-read.js';
import { type WorkerPool, workerPoolsQuery } from './clusters.query.js';

/** Where the workers of single tenants run. */
export function WorkerPools() {
  const { data } = useRead(workerPoolsQuery, {});
  if (!data) return null;
  return (
    <Panel title="Worker pools" flush>
      <Table
        label="Worker pools"
        rows={data.workerPools}
        columns={columns}
        rowKey={({ name }) => name}
        empty={
          <>
            None is registered. <span className="mono">tierdeck worker-pool add</span> registers a Kubernetes
            namespace.
          </>
        }
      />
    </Panel>
  );
}

const columns: TableColumn<WorkerPool>[] = [
  { key: 'name', header: 'Pool', render: ({ name }) => <b>{name}</b> },
  { key: 'region', header: 'Region', render: ({ region }) => region ?? <span className="dim">any</span> },
  {
    key: 'status',
    header: 'Status',
    render: ({ retired }) => (
      <Badge tone={retired ? 'idle' : 'good'} dot plain>
        {retired ? 'Retired' : 'Active'}
      </Badge>
    ),
  },
  {
    key: 'kind',
    header: 'Runs',
    render: ({ kind, kubernetes }) =>
      kubernetes ? (
        <span className="mono dim">
          {kubernetes.apiServer}, {kubernetes.namespace}
        </span>
      ) : (
        <span className="dim">{kind === 'LOCAL' ? 'child processes of this machine' : sentence(kind)}</span>
      ),
  },
  {
    key: 'capacity',
    header: 'Tenants',
    render: ({ name, tenants, capacity }) => (
      <Meter label={`Tenants of ${name}`} value={tenants} max={capacity} format={formatNumber} />
    ),
  },
];
