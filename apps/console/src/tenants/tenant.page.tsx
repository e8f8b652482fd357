import { Skeleton, Tabs } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Timeline } from '../audit/timeline.js';
import { TenantStatusBadge, TierBadge } from '../components/badges.js';
import { CopyAsCli } from '../components/copy-button.js';
import { sentence } from '../components/format.js';
import { Page } from '../components/page.js';
import { ProblemState } from '../components/states.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { TenantQuotas } from '../quotas/tenant-quotas.js';
import { DeadLetters } from './dead-letters.js';
import { TenantActions } from './tenant-actions.js';
import { TenantBackups } from './tenant-backups.js';
import { TenantBanner } from './tenant-banner.js';
import { TenantFlags } from './tenant-flags.js';
import { TenantLifecycle } from './tenant-lifecycle.js';
import { TenantOperations } from './tenant-operations.js';
import { TenantOverview } from './tenant-overview.js';
import { TenantPlacement } from './tenant-placement.js';
import { TenantUnits } from './tenant-units.js';
import { type TenantDetail, tenantQuery } from './tenant.query.js';
import { type TenantTab, tenantTabs } from './tabs.js';
import { tenantChangedSubscription } from './tenants.query.js';
import styles from './tenant.module.css';

const route = getRouteApi('/tenants/$slug');

export function TenantPage() {
  const { slug } = route.useParams();
  const { data, problem, loading, refresh } = useRead(tenantQuery, { slug });
  useLive(tenantChangedSubscription, { slug }, useThrottled(refresh));
  if (problem && !data) return <ProblemState problem={problem} onRetry={refresh} />;
  if (loading) {
    return (
      <Page title={slug}>
        <Skeleton height={320} radius="md" />
      </Page>
    );
  }
  if (!data?.tenant) {
    return (
      <ProblemState
        problem={{
          code: 'TENANT_NOT_FOUND',
          message: `There is no tenant "${slug}".`,
          hint: '`tierdeck get tenants` lists them all.',
        }}
      />
    );
  }
  return <TenantView tenant={data.tenant} onChanged={refresh} />;
}

function TenantView({ tenant, onChanged }: { tenant: TenantDetail; onChanged: () => void }) {
  const { tab = 'overview' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page
      fill={tab === 'units' || tab === 'flags'}
      title={tenant.name}
      crumbs={<Link to="/tenants">Tenants</Link>}
      subtitle={
        <>
          <span className="mono">{tenant.slug}</span>, plan {tenant.plan}
          {tenant.region && `, region ${tenant.region}`}
        </>
      }
      badges={
        <>
          <TenantStatusBadge status={tenant.status} suspension={tenant.suspension} />
          <TierBadge
            tier={tenant.tier}
            database={tenant.database.placement}
            workers={tenant.integrationWorkers.placement}
          />
        </>
      }
      actions={
        <>
          <CopyAsCli command={`tierdeck tenant show ${tenant.slug} -o yaml`} />
          <TenantActions tenant={tenant} onChanged={onChanged} />
        </>
      }
    >
      <TenantBanner tenant={tenant} />
      <Tabs
        value={tab}
        keepMounted={false}
        className={styles['tabs'] ?? ''}
        onChange={(next) =>
          void navigate({
            search: (now) => ({ ...now, tab: next === 'overview' ? undefined : (next as TenantTab) }),
            replace: true,
          })
        }
      >
        <Tabs.List className={styles['tabList'] ?? ''}>
          {tenantTabs.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {sentence(name.replace('-', ' '))}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <div className={styles['tabBody']}>
          {tab === 'overview' && <TenantOverview tenant={tenant} />}
          {tab === 'placement' && <TenantPlacement tenant={tenant} onChanged={onChanged} />}
          {tab === 'units' && <TenantUnits tenant={tenant} />}
          {tab === 'flags' && <TenantFlags slug={tenant.slug} />}
          {tab === 'quotas' && <TenantQuotas slug={tenant.slug} />}
          {tab === 'backups' && <TenantBackups slug={tenant.slug} />}
          {tab === 'lifecycle' && <TenantLifecycle tenant={tenant} onChanged={onChanged} />}
          {tab === 'operations' && <TenantOperations slug={tenant.slug} />}
          {tab === 'dead-letters' && <DeadLetters slug={tenant.slug} />}
          {tab === 'audit' && <Timeline filter={{ tenant: tenant.slug }} />}
        </div>
      </Tabs>
    </Page>
  );
}
