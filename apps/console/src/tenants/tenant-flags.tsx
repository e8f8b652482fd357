import { IconFlag3 } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { type Column, DataGrid } from '../components/data-grid.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { FlagValue } from '../flags/flag-value.js';
import { sourceText } from '../flags/source.js';
import {
  flagChangedSubscription,
  flagMatrixQuery,
  flagsQuery,
  type MatrixCell,
} from '../flags/flags.query.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { useEnvironment } from '../shell/environment.js';

interface Effective {
  flag: string;
  description: string;
  variants: string[];
  cell: MatrixCell;
  /** Branches that get something else than the tenant. */
  differing: number;
}

/** What each flag is worth for this tenant, and where its branches differ. */
export function TenantFlags({ slug }: { slug: string }) {
  const [environment] = useEnvironment();
  const open = useNavigate();
  const { data, problem, loading, refresh } = useRead(flagMatrixQuery, {
    input: { environment, tenant: slug },
  });
  const flags = useRead(flagsQuery, { first: 500 });
  useLive(flagChangedSubscription, {}, useThrottled(refresh));
  if (problem && !data) return <ProblemState problem={problem} onRetry={refresh} />;
  const known = new Map(flags.data?.flags.edges.map(({ node }) => [node.key, node]));
  const rows = (data?.flagMatrix.rows ?? []).flatMap((row): Effective[] => {
    const cell = row.cells.find(({ column }) => column === slug);
    if (!cell) return [];
    const flag = known.get(row.flag);
    return [
      {
        flag: row.flag,
        description: flag?.description ?? '',
        variants: flag?.variants.map(({ name }) => name) ?? [],
        cell,
        differing: row.cells.filter(
          (other) => other.enabled !== cell.enabled || other.variant !== cell.variant,
        ).length,
      },
    ];
  });
  return (
    <DataGrid
      label={`Flags in ${environment}`}
      rows={rows}
      columns={columns}
      rowKey={(row) => row.flag}
      rowHeight={44}
      loading={loading}
      maxHeight={560}
      onOpen={({ flag }) =>
        void open({ to: '/flags/$key', params: { key: flag }, search: { at: `TENANT:${slug}` } })
      }
      empty={
        <EmptyState icon={IconFlag3} title="No flags yet" cli="tierdeck apply -f tenants/flags/">
          Flags decide which logic this tenant gets.
        </EmptyState>
      }
    />
  );
}

const columns: Column<Effective>[] = [
  {
    key: 'flag',
    header: 'Flag',
    width: 'minmax(180px, 1fr)',
    render: (row) => <b className="mono">{row.flag}</b>,
  },
  {
    key: 'value',
    header: 'Value',
    width: 'minmax(140px, 0.8fr)',
    render: (row) => (
      <FlagValue enabled={row.cell.enabled} variant={row.cell.variant} variants={row.variants} />
    ),
  },
  {
    key: 'source',
    header: 'Comes from',
    width: 'minmax(150px, 1fr)',
    render: (row) => <span className="dim">{sourceText(row.cell.source)}</span>,
  },
  {
    key: 'differing',
    header: 'Branches',
    width: '140px',
    render: (row) =>
      row.differing > 0 ? (
        <span className="num">{row.differing} differ</span>
      ) : (
        <span className="faint">all the same</span>
      ),
  },
  {
    key: 'description',
    header: 'Decides',
    width: 'minmax(160px, 1.6fr)',
    render: (row) => <span className="dim">{row.description}</span>,
  },
];
