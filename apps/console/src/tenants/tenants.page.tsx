import { Button } from '@mantine/core';
import { IconBuildingWarehouse, IconPlus, IconX } from '@tabler/icons-react';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { CopyAsCli } from '../components/copy-button.js';
import { DataGrid } from '../components/data-grid.js';
import { Facet } from '../components/facet.js';
import { FilterInput } from '../components/filter-input.js';
import { formatNumber } from '../components/format.js';
import { Page } from '../components/page.js';
import { SearchInput } from '../components/search-input.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { usePages } from '../graphql/use-pages.js';
import { useCan } from '../session/session.js';
import { tenantStatuses, tiers } from '../statuses.js';
import { tenantColumns } from './tenant-columns.js';
import { tenantChangedSubscription, tenantsQuery } from './tenants.query.js';

const route = getRouteApi('/tenants');

export function TenantsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const open = useNavigate();
  const mayOnboard = useCan('tenants:write');
  const { q, status, tier, region, label } = search;
  const filtered = Boolean(q || status || tier || region || label);
  const tenants = usePages(
    tenantsQuery,
    {
      search: q ?? null,
      status: status ?? null,
      tier: tier ?? null,
      region: region ?? null,
      label: label ?? null,
    },
    (data) => data.tenants,
  );
  const refresh = useThrottled(tenants.refresh);
  useLive(tenantChangedSubscription, {}, refresh);

  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (now) => ({ ...now, ...change }), replace: true });

  return (
    <Page
      fill
      title="Tenants"
      subtitle={
        tenants.totalCount === undefined
          ? ' '
          : `${formatNumber(tenants.totalCount)} ${filtered ? 'match' : tenants.totalCount === 1 ? 'tenant' : 'tenants'}`
      }
      actions={
        <>
          <CopyAsCli command="tierdeck get tenants" />
          <Button component={Link} to="/onboard" leftSection={<IconPlus size={15} />} disabled={!mayOnboard}>
            Onboard tenant
          </Button>
        </>
      }
      toolbar={
        <>
          <SearchInput value={q} placeholder="Search name or slug" onSearch={(value) => set({ q: value })} />
          <Facet label="Tier" options={tiers} value={tier} onChange={(value) => set({ tier: value })} />
          <Facet
            label="Status"
            options={tenantStatuses}
            value={status}
            onChange={(value) => set({ status: value })}
          />
          <FilterInput label="Region" value={region} onChange={(value) => set({ region: value })} />
          <FilterInput
            label="Label"
            placeholder="Label key=value"
            value={label}
            width={170}
            onChange={(value) => set({ label: value })}
          />
          {filtered && (
            <Button
              variant="subtle"
              color="gray"
              leftSection={<IconX size={13} />}
              onClick={() =>
                set({ q: undefined, status: undefined, tier: undefined, region: undefined, label: undefined })
              }
            >
              Clear
            </Button>
          )}
        </>
      }
    >
      {tenants.problem ? (
        <ProblemState problem={tenants.problem} onRetry={tenants.refresh} />
      ) : (
        <DataGrid
          label="Tenants"
          rows={tenants.rows}
          columns={tenantColumns}
          rowKey={(tenant) => tenant.slug}
          rowHeight={46}
          minWidth={860}
          loading={tenants.loading}
          hasMore={tenants.hasMore}
          loadMore={tenants.loadMore}
          totalCount={tenants.totalCount}
          onOpen={({ slug }) => void open({ to: '/tenants/$slug', params: { slug } })}
          empty={
            filtered ? (
              <EmptyState icon={IconBuildingWarehouse} title="No tenant matches these filters">
                Loosen a filter, or clear them all.
              </EmptyState>
            ) : (
              <EmptyState
                icon={IconBuildingWarehouse}
                title="No tenants yet"
                cli="tierdeck apply -f tenants/"
              >
                A tenant is one business on your platform. Write manifests and apply them, or use the wizard
                above: the database, login role and workers are made for you, step by step.
              </EmptyState>
            )
          }
        />
      )}
    </Page>
  );
}
