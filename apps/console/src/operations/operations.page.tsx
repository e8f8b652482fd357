import { Button } from '@mantine/core';
import { IconArrowsShuffle, IconX } from '@tabler/icons-react';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { CopyAsCli } from '../components/copy-button.js';
import { DataGrid } from '../components/data-grid.js';
import { Facet } from '../components/facet.js';
import { Page } from '../components/page.js';
import { SearchInput } from '../components/search-input.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { usePages } from '../graphql/use-pages.js';
import { auditTailSubscription } from '../audit/audit.query.js';
import { operationStatuses } from '../statuses.js';
import { operationColumns } from './operation-columns.js';
import { operationsQuery } from './operations.query.js';

const route = getRouteApi('/operations');

export function OperationsPage() {
  const { tenant, status } = route.useSearch();
  const navigate = route.useNavigate();
  const open = useNavigate();
  const operations = usePages(
    operationsQuery,
    { tenant: tenant ?? null, status: status ?? null },
    (data) => data.operations,
  );
  useLive(auditTailSubscription, {}, useThrottled(operations.refresh, 600));
  const filtered = Boolean(tenant || status);
  return (
    <Page
      fill
      title="Operations"
      subtitle="Long work in steps. A process may die at any point: the next one continues at the step that was left."
      actions={<CopyAsCli command="tierdeck operation list" />}
      toolbar={
        <>
          <SearchInput
            value={tenant}
            placeholder="Tenant slug"
            width={200}
            onSearch={(value) =>
              void navigate({ search: (now) => ({ ...now, tenant: value }), replace: true })
            }
          />
          <Facet
            label="Status"
            options={operationStatuses}
            value={status}
            onChange={(value) =>
              void navigate({ search: (now) => ({ ...now, status: value }), replace: true })
            }
          />
          {filtered && (
            <Button
              variant="subtle"
              color="gray"
              leftSection={<IconX size={13} />}
              onClick={() =>
                void navigate({ search: (now) => ({ ...now, tenant: undefined, status: undefined }) })
              }
            >
              Clear
            </Button>
          )}
        </>
      }
    >
      {operations.problem ? (
        <ProblemState problem={operations.problem} onRetry={operations.refresh} />
      ) : (
        <DataGrid
          label="Operations"
          rows={operations.rows}
          columns={operationColumns}
          rowKey={(operation) => operation.id}
          minWidth={860}
          loading={operations.loading}
          hasMore={operations.hasMore}
          loadMore={operations.loadMore}
          totalCount={operations.totalCount}
          onOpen={({ id }) => void open({ to: '/operations/$id', params: { id } })}
          empty={
            <EmptyState
              icon={IconArrowsShuffle}
              title={filtered ? 'No operation matches' : 'No operations yet'}
              cli="tierdeck tenant onboard acme --name 'Acme Supply'"
            >
              Onboarding, placement changes and offboarding run as operations and show up here.
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}
