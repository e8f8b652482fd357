import { Button, Group } from '@mantine/core';
import { IconPlus, IconServerBolt } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { auditTailSubscription } from '../audit/audit.query.js';
import { StatusBadge } from '../components/badges.js';
import { useConfirm } from '../components/confirm.js';
import { CopyAsCli } from '../components/copy-button.js';
import { formatNumber } from '../components/format.js';
import { Meter } from '../components/meter.js';
import { Page, Panel } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Table, type TableColumn } from '../components/table.js';
import { useCommand } from '../graphql/use-command.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { WorkerProcesses } from '../runtime/worker-processes.js';
import { useCan } from '../session/session.js';
import { ClusterForm } from './cluster-form.js';
import styles from './clusters.module.css';
import { type Cluster, clustersQuery, retireClusterMutation } from './clusters.query.js';
import { formatCost, rates } from './rate-card.js';
import { WorkerPools } from './worker-pools.js';

const route = getRouteApi('/clusters');

/** The servers and pools on which tenants are placed: where, how full, and what a tenant costs there. */
export function ClustersPage() {
  const { cluster: opened } = route.useSearch();
  const navigate = route.useNavigate();
  const confirm = useConfirm();
  const may = useCan('tenants:write');
  const { data, problem, refresh } = useRead(clustersQuery, {});
  const retire = useCommand(retireClusterMutation);
  const [registering, setRegistering] = useState(false);
  const again = useThrottled(refresh, 600);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.area === 'tenancy') again();
  });
  const open = (name: string | undefined) => void navigate({ search: (now) => ({ ...now, cluster: name }) });
  const editing = data?.databaseClusters.find(({ name }) => name === opened);
  const onRetire = async ({ name, tenants }: Cluster) => {
    const answer = await confirm({
      title: `Retire cluster ${name}?`,
      body: `It takes no tenant any more. The ${formatNumber(tenants)} that it has stay and are served; move them away in your own time.`,
      action: 'Retire',
      danger: true,
      expect: name,
    });
    if (!answer) return;
    await retire.run({ name }, { done: `${name} takes no tenant any more` });
    refresh();
  };
  return (
    <Page
      title="Clusters"
      subtitle="The PostgreSQL servers that hold tenants, and the pools that run their own workers."
      actions={
        <>
          <CopyAsCli command="tierdeck cluster list" />
          <Button leftSection={<IconPlus size={15} />} disabled={!may} onClick={() => setRegistering(true)}>
            Register cluster
          </Button>
        </>
      }
    >
      {problem && !data ? (
        <ProblemState problem={problem} onRetry={refresh} />
      ) : (
        <div className={styles['page']}>
          <Panel title="Database clusters" flush>
            <Table
              label="Database clusters"
              rows={data?.databaseClusters ?? []}
              columns={columnsWith(
                may ? (cluster) => open(cluster.name) : undefined,
                may ? (cluster) => void onRetire(cluster) : undefined,
              )}
              rowKey={({ name }) => name}
              empty={
                data && (
                  <EmptyState icon={IconServerBolt} title="No cluster yet" cli="tierdeck cluster add eu-1 …">
                    A cluster is a PostgreSQL server. `npm start` brings one of its own.
                  </EmptyState>
                )
              }
            />
          </Panel>
          <WorkerPools />
          <WorkerProcesses />
        </div>
      )}
      {(registering || editing) && (
        <ClusterForm
          key={editing?.name ?? ''}
          cluster={editing}
          onClose={() => {
            setRegistering(false);
            open(undefined);
            refresh();
          }}
        />
      )}
    </Page>
  );
}

type OnCluster = ((cluster: Cluster) => void) | undefined;

const columnsWith = (onEdit: OnCluster, onRetire: OnCluster): TableColumn<Cluster>[] => [
  {
    key: 'name',
    header: 'Cluster',
    render: ({ name, host, port }) => (
      <span className={styles['name']}>
        <b>{name}</b>
        <span className="mono faint">
          {host}:{port}
        </span>
      </span>
    ),
  },
  { key: 'region', header: 'Region', render: ({ region }) => region },
  { key: 'status', header: 'Status', render: ({ status }) => <StatusBadge status={status} plain /> },
  {
    key: 'takes',
    header: 'Takes',
    render: ({ pooled, dedicated }) =>
      [pooled && 'pooled', dedicated && 'dedicated'].filter(Boolean).join(', ') || 'nothing',
  },
  {
    key: 'databases',
    header: 'Databases',
    render: ({ name, databases, maxDatabases }) => (
      <Meter label={`Databases of ${name}`} value={databases} max={maxDatabases} format={formatNumber} />
    ),
  },
  { key: 'tenants', header: 'Tenants', align: 'end', render: ({ tenants }) => formatNumber(tenants) },
  {
    key: 'rates',
    header: 'Rate card, a month',
    render: (cluster) => <RateCard cluster={cluster} />,
  },
  {
    key: 'actions',
    header: '',
    label: 'Actions',
    align: 'end',
    render: (cluster) => (
      <Group gap={6} wrap="nowrap" justify="flex-end">
        <Button
          variant="default"
          size="compact-xs"
          disabled={!onEdit}
          aria-label={`Edit ${cluster.name}`}
          onClick={() => onEdit?.(cluster)}
        >
          Edit
        </Button>
        {cluster.status !== 'RETIRED' && (
          <Button
            variant="subtle"
            color="gray"
            size="compact-xs"
            disabled={!onRetire}
            aria-label={`Retire ${cluster.name}`}
            onClick={() => onRetire?.(cluster)}
          >
            Retire
          </Button>
        )}
      </Group>
    ),
  },
];

function RateCard({ cluster }: { cluster: Cluster }) {
  const costs = rates.map(({ field, label }) => [label, cluster[field]] as const);
  if (costs.every(([, cost]) => cost === null)) return <span className="faint">no rate card set</span>;
  return (
    <span className={styles['rates']}>
      {costs.map(([label, cost]) => (
        <span key={label}>
          <b className="num">{formatCost(cost)}</b> <span className="dim">{label.toLowerCase()}</span>
        </span>
      ))}
    </span>
  );
}
