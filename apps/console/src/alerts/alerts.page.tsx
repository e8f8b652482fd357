import { IconShieldCheck } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { auditTailSubscription } from '../audit/audit.query.js';
import { CopyAsCli } from '../components/copy-button.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { formatNumber } from '../components/format.js';
import { Page } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { graphql, type ResultOf } from '../graphql/graphql.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { TenantSelect } from '../tenants/tenant-select.js';
import styles from './alerts.module.css';

const alertsQuery = graphql(`
  query SecurityAlerts($tenant: String) {
    securityAlerts(first: 500, tenant: $tenant) {
      id
      kind
      source
      tenant
      attempts
      firstAt
      lastAt
    }
  }
`);

type Alert = ResultOf<typeof alertsQuery>['securityAlerts'][number];

/** What was tried, and what to look at. */
const kinds = {
  FOREIGN_REPORT: [
    'Reported about another tenant',
    'A token of one tenant sent usage or figures of another. Revoke it if its service is not the one you think.',
  ],
  TENANT_TOKEN_AT_OPERATOR_API: [
    'Asked the operators’ API',
    'A token made for the data plane was used here. Its bearer is looking around, or is set up with the wrong token.',
  ],
  WALL_REFUSED: [
    'Refused by the database',
    'A service ran a statement for a tenant that reached beyond it. Row-level security held; the service has a fault.',
  ],
} satisfies Record<Alert['kind'], [title: string, advice: string]>;

const route = getRouteApi('/alerts');

/** Refused attempts to cross from one tenant to another. */
export function AlertsPage() {
  const { tenant } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, problem, loading, refresh } = useRead(alertsQuery, { tenant: tenant ?? null });
  const again = useThrottled(refresh);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.area === 'security') again();
  });
  const alerts = data?.securityAlerts ?? [];
  return (
    <Page
      fill
      title="Security alerts"
      subtitle="Refused attempts to cross from one tenant to another. Each was refused; here is who tried."
      actions={<CopyAsCli command="tierdeck audit alerts" />}
      toolbar={
        <TenantSelect
          hideLabel
          width={220}
          value={tenant}
          onChange={(slug) => void navigate({ search: (now) => ({ ...now, tenant: slug }), replace: true })}
        />
      }
    >
      {problem && !data ? (
        <ProblemState problem={problem} onRetry={refresh} />
      ) : (
        <DataGrid
          label="Security alerts"
          rows={alerts}
          columns={columns}
          rowKey={({ id }) => id}
          rowHeight={64}
          minWidth={420}
          loading={loading}
          totalCount={alerts.length}
          empty={
            <EmptyState
              icon={IconShieldCheck}
              title={tenant ? `Nobody tried it for ${tenant}` : 'Nobody tried to cross'}
            >
              An alert is raised where a refused request can only have meant another tenant: a tenant’s token
              that reports about others or asks the operators’ API, and a statement that the database refused
              inside a tenant’s scope. Attempts of one source within ten minutes are one alert, and one event
              of the area security in the audit.
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}

const columns: Column<Alert>[] = [
  {
    key: 'kind',
    header: 'What was tried',
    width: 'minmax(170px, 2fr)',
    render: ({ kind }) => (
      <div className={styles['what']}>
        <b>{kinds[kind][0]}</b>
        <span className="dim">{kinds[kind][1]}</span>
      </div>
    ),
  },
  {
    key: 'source',
    header: 'By',
    width: 'minmax(120px, 1fr)',
    render: ({ source }) => (
      <Link
        to="/audit"
        search={{ area: 'security', subject: source }}
        className="mono truncate"
        title={source}
      >
        {source}
      </Link>
    ),
  },
  {
    key: 'tenant',
    header: 'For',
    width: '130px',
    hideBelow: 760,
    render: ({ tenant }) =>
      tenant ? (
        <Link to="/tenants/$slug" params={{ slug: tenant }} className="truncate">
          {tenant}
        </Link>
      ) : (
        <span className="faint">no tenant</span>
      ),
  },
  {
    key: 'attempts',
    header: 'Attempts',
    width: '66px',
    align: 'end',
    render: ({ attempts }) => formatNumber(attempts),
  },
  {
    key: 'last',
    header: 'Last',
    width: '92px',
    hideBelow: 620,
    align: 'end',
    render: ({ lastAt }) => <Time at={lastAt} />,
  },
];
