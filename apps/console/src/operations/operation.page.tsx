import { Button, Code, Group, Skeleton, Stack } from '@mantine/core';
import { IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { StatusBadge } from '../components/badges.js';
import { CommandText } from '../components/command-text.js';
import { useConfirm } from '../components/confirm.js';
import { CopyAsCli, CopyButton } from '../components/copy-button.js';
import { Facts } from '../components/facts.js';
import { formatDuration } from '../components/format.js';
import { Notice } from '../components/notice.js';
import { Page, Panel } from '../components/page.js';
import { ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useCommand } from '../graphql/use-command.js';
import { useCan } from '../session/session.js';
import type { OperationDetail } from './operation.fragment.js';
import { operationTitle } from './operation-kind.js';
import { cancelOperationMutation, retryOperationMutation } from './operations.query.js';
import styles from './operation.module.css';
import { Steps } from './steps.js';
import { useOperation } from './use-operation.js';

const route = getRouteApi('/operations/$id');

/** The live step list; it is an address, so it survives closing the browser. */
export function OperationPage() {
  const { id } = route.useParams();
  const { operation, problem, loading, refresh } = useOperation(id);
  if (problem && !operation) return <ProblemState problem={problem} onRetry={refresh} />;
  if (loading || !operation) {
    return loading ? (
      <Page title="Operation">
        <Skeleton height={280} radius="md" />
      </Page>
    ) : (
      <ProblemState
        problem={{
          code: 'OPERATION_NOT_FOUND',
          message: 'There is no such operation.',
          hint: 'The list of operations has them all.',
        }}
      />
    );
  }
  return <OperationView operation={operation} onChanged={refresh} />;
}

function OperationView({ operation, onChanged }: { operation: OperationDetail; onChanged: () => void }) {
  const title = operationTitle(operation.kind);
  return (
    <Page
      documentTitle={`${title}: ${operation.subject}`}
      title={operation.tenant ? `${title}: ${operation.tenant.name}` : title}
      crumbs={<Link to="/operations">Operations</Link>}
      badges={<StatusBadge status={operation.status} />}
      actions={<OperationActions operation={operation} onChanged={onChanged} />}
    >
      <div className={styles['layout']}>
        <Stack gap="md">
          {operation.error && (
            <Notice tone="bad" title={operation.error.message}>
              {operation.error.hint && <CommandText text={operation.error.hint} size="sm" />}
              <span className="mono faint">{operation.error.code}</span>
            </Notice>
          )}
          {operation.status === 'SUCCEEDED' && operation.tenant && (
            <Notice tone="good" title="Done">
              <Link to="/tenants/$slug" params={{ slug: operation.tenant.slug }}>
                Open {operation.tenant.name}
              </Link>
            </Notice>
          )}
          <Panel title="Steps">
            <Steps steps={operation.steps} endedAt={operation.finishedAt} />
          </Panel>
        </Stack>
        <Panel title="Details">
          <Facts
            entries={[
              [
                'Tenant',
                operation.tenant && (
                  <Link to="/tenants/$slug" params={{ slug: operation.tenant.slug }}>
                    {operation.tenant.slug}
                  </Link>
                ),
              ],
              ['Kind', <span className="mono">{operation.kind}</span>],
              ['Requested by', operation.requestedBy],
              ['Requested', <Time at={operation.createdAt} />],
              ['Started', <Time at={operation.startedAt} />],
              ['Took', operation.startedAt && operation.finishedAt && took(operation)],
              [
                'Id',
                <Group gap={2} wrap="nowrap">
                  <Code>{operation.id.slice(0, 8)}…</Code>
                  <CopyButton value={operation.id} label="Copy the id" />
                </Group>,
              ],
            ]}
          />
        </Panel>
      </div>
    </Page>
  );
}

const took = ({ startedAt, finishedAt }: OperationDetail) =>
  formatDuration(new Date(finishedAt ?? '').getTime() - new Date(startedAt ?? '').getTime());

function OperationActions({ operation, onChanged }: { operation: OperationDetail; onChanged: () => void }) {
  const confirm = useConfirm();
  const may = useCan('operations:write');
  const retry = useCommand(retryOperationMutation);
  const cancel = useCommand(cancelOperationMutation);
  const stopped = operation.status === 'FAILED' || operation.status === 'CANCELLED';
  const stop = async () => {
    const answer = await confirm({
      title: 'Cancel this operation?',
      body: 'It stops after the step that runs now. It can be retried from there.',
      action: 'Cancel operation',
      danger: true,
    });
    if (!answer) return;
    await cancel.run({ id: operation.id }, { done: 'Operation cancelled' });
    onChanged();
  };
  const again = async () => {
    await retry.run({ id: operation.id }, { done: 'Continues at the step that stopped' });
    onChanged();
  };
  const under = ['PENDING', 'RUNNING', 'WAITING'].includes(operation.status);
  return (
    <>
      <CopyAsCli command={`tierdeck operation ${stopped ? 'retry' : 'watch'} ${operation.id}`} />
      {under && (
        <Button
          variant="default"
          disabled={!may}
          leftSection={<IconPlayerStop size={15} />}
          onClick={() => void stop()}
        >
          Cancel
        </Button>
      )}
      {stopped && (
        <Button
          disabled={!may}
          loading={retry.busy}
          leftSection={<IconRefresh size={15} />}
          onClick={() => void again()}
        >
          Retry
        </Button>
      )}
    </>
  );
}
