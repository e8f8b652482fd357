import { IconArrowsShuffle } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { DataGrid } from '../components/data-grid.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { usePages } from '../graphql/use-pages.js';
import { operationColumns } from '../operations/operation-columns.js';
import { operationsQuery } from '../operations/operations.query.js';

export function TenantOperations({ slug }: { slug: string }) {
  const operations = usePages(operationsQuery, { tenant: slug, status: null }, (data) => data.operations);
  const open = useNavigate();
  if (operations.problem) return <ProblemState problem={operations.problem} onRetry={operations.refresh} />;
  return (
    <DataGrid
      label="Operations"
      rows={operations.rows}
      columns={operationColumns}
      rowKey={(operation) => operation.id}
      loading={operations.loading}
      hasMore={operations.hasMore}
      loadMore={operations.loadMore}
      totalCount={operations.totalCount}
      maxHeight={560}
      minWidth={860}
      onOpen={({ id }) => void open({ to: '/operations/$id', params: { id } })}
      empty={
        <EmptyState icon={IconArrowsShuffle} title="No operations yet">
          Onboarding, placement changes and offboarding of this tenant show up here.
        </EmptyState>
      }
    />
  );
}
