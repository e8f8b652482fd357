import { Link } from '@tanstack/react-router';
import { TenantStatusBadge, TierBadge } from '../components/badges.js';
import type { Column } from '../components/data-grid.js';
import { sentence } from '../components/format.js';
import { Labels } from '../components/labels.js';
import { Time } from '../components/time.js';
import styles from './tenants.module.css';
import type { TenantRow } from './tenants.query.js';

export const tenantColumns: Column<TenantRow>[] = [
  {
    key: 'name',
    header: 'Tenant',
    width: 'minmax(180px, 1.3fr)',
    render: (tenant) => (
      <div className={styles['name']}>
        <Link
          to="/tenants/$slug"
          params={{ slug: tenant.slug }}
          className={`quiet ${styles['nameLink']}`}
          tabIndex={-1}
        >
          {tenant.name}
        </Link>
        <span className="mono faint">{tenant.slug}</span>
      </div>
    ),
  },
  {
    key: 'status',
    header: 'Status',
    width: '118px',
    render: (tenant) => <TenantStatusBadge status={tenant.status} suspension={tenant.suspension} plain />,
  },
  {
    key: 'tier',
    header: 'Isolation tier',
    width: '116px',
    render: (tenant) => (
      <TierBadge
        tier={tenant.tier}
        database={tenant.database.placement}
        workers={tenant.integrationWorkers.placement}
      />
    ),
  },
  {
    key: 'database',
    header: 'Database',
    width: 'minmax(110px, 1fr)',
    render: (tenant) =>
      tenant.database.name ? (
        <span className="mono dim">{tenant.database.name}</span>
      ) : (
        <span className="faint">not placed yet</span>
      ),
  },
  { key: 'workers', header: 'Workers', width: '112px', render: (tenant) => <Workers tenant={tenant} /> },
  { key: 'plan', header: 'Plan', width: '96px', render: (tenant) => tenant.plan },
  {
    key: 'region',
    header: 'Region',
    width: '72px',
    render: (tenant) => tenant.region ?? <span className="faint">—</span>,
  },
  {
    key: 'labels',
    hideBelow: 1_180,
    header: 'Labels',
    width: 'minmax(120px, 1.3fr)',
    render: (tenant) => <Labels labels={withoutRegion(tenant)} />,
  },
  {
    key: 'created',
    hideBelow: 1_280,
    header: 'Since',
    width: '84px',
    align: 'end',
    render: (tenant) => (
      <span className="dim">
        <Time at={tenant.createdAt} />
      </span>
    ),
  },
];

function Workers({ tenant }: { tenant: TenantRow }) {
  const { placement, instances } = tenant.integrationWorkers;
  if (placement === 'SHARED') return <span className="faint">pooled</span>;
  const alive = instances.filter((instance) => instance.alive).length;
  return (
    <span className={alive > 0 ? '' : styles['missing']}>
      {sentence(placement)}, <span className="num">{alive} alive</span>
    </span>
  );
}

/** The region has a column of its own. */
function withoutRegion({ labels, region }: TenantRow): unknown {
  if (!labels || typeof labels !== 'object') return labels;
  return Object.fromEntries(
    Object.entries(labels).filter(([key, value]) => key !== 'region' || value !== region),
  );
}
