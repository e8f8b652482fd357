import { SegmentedControl } from '@mantine/core';
import { IconBuildingWarehouse } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { CopyButton } from '../components/copy-button.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { formatNumber, sentence } from '../components/format.js';
import { EmptyState, ProblemState } from '../components/states.js';
import type { ResultOf } from '../graphql/graphql.js';
import { usePages } from '../graphql/use-pages.js';
import { unitKinds } from '../statuses.js';
import styles from './tenant.module.css';
import { type TenantDetail, unitsQuery } from './tenant.query.js';

const route = getRouteApi('/tenants/$slug');
type Unit = NonNullable<ResultOf<typeof unitsQuery>['tenant']>['units']['edges'][number]['node'];
const noUnits = { edges: [], pageInfo: { hasNextPage: false, endCursor: null }, totalCount: 0 };

/** Regions, branches, warehouses and accounts: thousands of them, read as one scrolls. */
export function TenantUnits({ tenant }: { tenant: TenantDetail }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const kind = unitKinds.find((one) => one === search.kind) ?? 'BRANCH';
  const units = usePages(unitsQuery, { slug: tenant.slug, kind }, (data) => data.tenant?.units ?? noUnits);
  const count = (one: string) => tenant.unitCounts.find((counted) => counted.kind === one)?.count ?? 0;
  if (units.problem) return <ProblemState problem={units.problem} onRetry={units.refresh} />;
  return (
    <>
      <div className={styles['unitTools']}>
        <SegmentedControl
          aria-label="Kind of unit"
          data={unitKinds.map((one) => ({
            value: one,
            label: `${sentence(one)} ${formatNumber(count(one))}`,
          }))}
          value={kind}
          onChange={(value) => void navigate({ search: (now) => ({ ...now, kind: value }), replace: true })}
        />
      </div>
      <DataGrid
        key={kind}
        label={`Units of ${tenant.name}`}
        rows={units.rows}
        columns={columns}
        rowKey={(unit) => `${unit.kind}:${unit.code}`}
        rowHeight={36}
        loading={units.loading}
        hasMore={units.hasMore}
        loadMore={units.loadMore}
        totalCount={units.totalCount}
        empty={
          <EmptyState
            icon={IconBuildingWarehouse}
            title={`No ${kind.toLowerCase()} here`}
            cli={`tierdeck apply -f tenants/${tenant.slug}.yaml`}
          >
            Units come from the manifest and from the imported data.
          </EmptyState>
        }
      />
    </>
  );
}

const columns: Column<Unit>[] = [
  { key: 'name', header: 'Name', width: 'minmax(180px, 1.6fr)', render: (unit) => unit.name },
  {
    key: 'code',
    header: 'Code',
    width: 'minmax(110px, 0.8fr)',
    render: (unit) => <span className="mono dim">{unit.code}</span>,
  },
  {
    key: 'parent',
    header: 'Under',
    width: 'minmax(110px, 0.8fr)',
    render: (unit) =>
      unit.parentCode ? (
        <span className="dim">
          {sentence(unit.parentKind ?? '')} <span className="mono">{unit.parentCode}</span>
        </span>
      ) : (
        <span className="faint">—</span>
      ),
  },
  {
    key: 'attributes',
    header: 'Attributes',
    width: 'minmax(160px, 1.4fr)',
    render: (unit) => <span className="mono faint">{attributesOf(unit.attributes)}</span>,
  },
  {
    key: 'scope',
    header: 'Flag scope',
    width: 'minmax(150px, 1fr)',
    render: (unit) => (
      <span className="mono dim">
        {unit.key} <CopyButton value={unit.key} label="Copy the scope key" />
      </span>
    ),
  },
];

function attributesOf(attributes: unknown): string {
  if (!attributes || typeof attributes !== 'object') return '';
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' ');
}
