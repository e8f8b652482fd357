import { SegmentedControl } from '@mantine/core';
import { IconGauge, IconMoodSmile } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { CopyAsCli } from '../components/copy-button.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { formatCompact, formatPercent, sentence } from '../components/format.js';
import { Page, Panel } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import type { ResultOf } from '../graphql/graphql.js';
import { useLive } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { TenantSelect } from '../tenants/tenant-select.js';
import styles from './quotas.module.css';
import { type NoisyNeighbor, noisyNeighborsQuery, quotaPressureSubscription } from './quotas.query.js';
import { TenantQuotas } from './tenant-quotas.js';

const route = getRouteApi('/quotas');
const refreshMilliseconds = 10_000;
type Pressure = ResultOf<typeof quotaPressureSubscription>['quotaPressure'];

/** Who takes more than its share, who suffers, and the limits of the tenant that is chosen. */
export function QuotasPage() {
  const { tenant } = route.useSearch();
  const navigate = route.useNavigate();
  const [minutes, setMinutes] = useState('15');
  const [pressures, setPressures] = useState<Pressure[]>([]);
  const noisy = useRead(noisyNeighborsQuery, { input: { minutes: Number(minutes), first: 20 } });
  const { refresh } = noisy;
  useEffect(() => {
    const timer = setInterval(refresh, refreshMilliseconds);
    return () => clearInterval(timer);
  }, [refresh]);
  useLive(quotaPressureSubscription, {}, ({ quotaPressure }) =>
    setPressures((now) =>
      [quotaPressure, ...now.filter((one) => one.tenant !== quotaPressure.tenant)].slice(0, 4),
    ),
  );
  // Waits that look the same as shown rank by share.
  const shownScore = ({ score }: NoisyNeighbor) => Math.round(score * 10);
  const ranked = (noisy.data?.noisyNeighbors ?? []).toSorted(
    (a, b) => shownScore(b) - shownScore(a) || b.share - a.share,
  );
  const choose = (slug: string | undefined) =>
    void navigate({ search: (now) => ({ ...now, tenant: slug }), replace: true });

  return (
    <Page
      title="Quotas"
      subtitle="Find the noisy neighbour, see its victims, throttle or boost with an expiry."
      actions={<CopyAsCli command={tenant ? `tierdeck get quotas -t ${tenant}` : 'tierdeck quota top'} />}
    >
      <div className={styles['page']}>
        {pressures.length > 0 && (
          <div className={styles['pressures']} role="status">
            {pressures.map((pressure) => (
              <button
                key={pressure.tenant}
                type="button"
                className={styles['pressure']}
                onClick={() => choose(pressure.tenant)}
              >
                <IconGauge size={15} aria-hidden="true" />
                <b>{pressure.tenant}</b> uses {formatCompact(pressure.used)} of{' '}
                {formatCompact(pressure.limit)} {sentence(pressure.kind).toLowerCase()}
                {pressure.throttled > 0 && `, ${formatCompact(pressure.throttled)} throttled`}
              </button>
            ))}
          </div>
        )}
        <Panel
          title="Noisy neighbours"
          flush
          actions={
            <SegmentedControl
              aria-label="Window"
              data={[
                { value: '5', label: '5 min' },
                { value: '15', label: '15 min' },
                { value: '60', label: '1 h' },
              ]}
              value={minutes}
              onChange={setMinutes}
            />
          }
        >
          {noisy.problem && !noisy.data ? (
            <ProblemState problem={noisy.problem} onRetry={refresh} />
          ) : (
            <DataGrid
              bare
              label="Noisy neighbours"
              rows={ranked}
              columns={columns}
              rowKey={(row) => row.tenant}
              selectedKey={tenant}
              rowHeight={38}
              maxHeight={280}
              loading={noisy.loading}
              onOpen={(row) => choose(row.tenant)}
              empty={
                <EmptyState icon={IconMoodSmile} title="Quiet" cli="tierdeck quota top">
                  No tenant sent anything in this window.
                </EmptyState>
              }
            />
          )}
        </Panel>
        <div className={styles['choose']}>
          <TenantSelect label="Limits of" value={tenant} onChange={choose} width={280} />
          {tenant && (
            <Link to="/tenants/$slug" params={{ slug: tenant }} search={{ tab: 'quotas' }}>
              Open the tenant
            </Link>
          )}
        </div>
        {tenant ? (
          <TenantQuotas key={tenant} slug={tenant} />
        ) : (
          <Panel>
            <EmptyState
              icon={IconGauge}
              title="Choose a tenant"
              cli="tierdeck quota boost northwind REQUEST_RATE 200 --minutes 60"
            >
              Its limits and their sources, its usage, and the way to boost or override them show up here.
            </EmptyState>
          </Panel>
        )}
      </div>
    </Page>
  );
}

const columns: Column<NoisyNeighbor>[] = [
  {
    key: 'tenant',
    header: 'Tenant',
    width: 'minmax(150px, 1fr)',
    render: (row) => <b style={{ fontWeight: 560 }}>{row.tenant}</b>,
  },
  {
    key: 'share',
    header: 'Share of database time',
    width: 'minmax(170px, 1.4fr)',
    render: (row) => (
      <span className={styles['shareCell']}>
        <span className={styles['shareBar']} aria-hidden="true">
          <i style={{ width: `${row.share * 100}%` }} data-loud={row.victims > 0} />
        </span>
        <span className="num">{formatPercent(row.share)}</span>
      </span>
    ),
  },
  {
    key: 'requests',
    header: 'Requests',
    width: '92px',
    align: 'end',
    render: (row) => formatCompact(row.requests),
  },
  {
    key: 'throttled',
    header: 'Throttled',
    width: '92px',
    align: 'end',
    render: (row) => (row.throttled > 0 ? formatCompact(row.throttled) : <span className="faint">0</span>),
  },
  {
    key: 'victims',
    header: 'Victims',
    width: '80px',
    align: 'end',
    render: (row) =>
      row.victims > 0 ? <b className={styles['victims']}>{row.victims}</b> : <span className="faint">0</span>,
  },
  {
    key: 'score',
    header: 'Wait caused',
    width: '108px',
    align: 'end',
    render: (row) => `${formatCompact(row.score)} ms`,
  },
];
