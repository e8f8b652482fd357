import { Button, SegmentedControl, Tooltip } from '@mantine/core';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { auditTailSubscription } from '../audit/audit.query.js';
import { Badge } from '../components/badges.js';
import { useConfirm } from '../components/confirm.js';
import { CopyAsCli } from '../components/copy-button.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { Facet } from '../components/facet.js';
import { Page } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useCommand } from '../graphql/use-command.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { usePages } from '../graphql/use-pages.js';
import { useCan } from '../session/session.js';
import { useEnvironments } from '../shell/environment.js';
import { sdkTokenKinds, sdkTokenViews } from '../statuses.js';
import { TenantSelect } from '../tenants/tenant-select.js';
import { CreateSdkToken } from './create-sdk-token.js';
import { revokeSdkTokenMutation, type SdkToken, sdkTokensQuery } from './sdk-tokens.query.js';
import { kindTexts } from './token-kinds.js';

const route = getRouteApi('/tokens');

/** Tokens with which services read flags and the runtime snapshot: what each sees, and the end of it. */
export function SdkTokensPage() {
  const { kind, in: environment, tenant, show } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useCan('tokens:write');
  const confirm = useConfirm();
  const environments = useEnvironments().map(({ name }) => name);
  const revoke = useCommand(revokeSdkTokenMutation);
  const [creating, setCreating] = useState(false);
  const change = (next: Partial<ReturnType<typeof route.useSearch>>) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });
  const tokens = usePages(
    sdkTokensQuery,
    {
      kind: kind ?? null,
      environment: environment ?? null,
      tenant: tenant ?? null,
      revoked: show === 'revoked',
    },
    (data) => data.sdkTokens,
  );
  const again = useThrottled(tokens.refresh);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.area === 'identity') again();
  });
  const onRevoke = async (token: SdkToken) => {
    const answer = await confirm({
      title: `Revoke ${token.name}?`,
      body: 'Services that bear it are refused from now on: their SDKs keep what they have and get no more changes. There is no way back but another token.',
      action: 'Revoke token',
      danger: true,
      expect: token.name,
    });
    if (!answer) return;
    await revoke.run({ id: token.id }, { done: `${token.name} is revoked` });
    tokens.refresh();
  };
  const narrowed = Boolean(kind ?? environment ?? tenant ?? show);
  const columns = useMemo(
    () => [
      ...columnsOf,
      may && show !== 'revoked' ? revokeColumn((token) => void onRevoke(token)) : revokedColumn,
    ],
    [may, show],
  );
  return (
    <Page
      fill
      title="SDK tokens"
      subtitle="With which services read flags and the runtime snapshot. Each sees as little as it is made for; its secret is shown once."
      actions={
        <>
          <CopyAsCli command="tierdeck sdk-token create orders CLIENT --env production" />
          <Tooltip label={may ? 'Its secret is shown this once' : 'Your role may not make tokens.'}>
            <Button leftSection={<IconPlus size={15} />} disabled={!may} onClick={() => setCreating(true)}>
              Create SDK token
            </Button>
          </Tooltip>
        </>
      }
      toolbar={
        <>
          <Facet
            label="For"
            options={sdkTokenKinds}
            nameOf={(one) => kindTexts[one][0]}
            value={kind}
            onChange={(value) => change({ kind: value })}
          />
          <Facet
            label="Environment"
            options={environments}
            nameOf={(name) => name}
            value={environment ? [environment] : undefined}
            onChange={(value) => change({ in: value?.at(-1) })}
          />
          <TenantSelect hideLabel width={190} value={tenant} onChange={(slug) => change({ tenant: slug })} />
          <SegmentedControl
            aria-label="Which tokens"
            value={show ?? 'used'}
            data={[
              { value: 'used', label: 'In use' },
              { value: 'revoked', label: 'Revoked' },
            ]}
            onChange={(value) => change({ show: sdkTokenViews.find((view) => view === value) })}
          />
        </>
      }
    >
      {tokens.problem ? (
        <ProblemState problem={tokens.problem} onRetry={tokens.refresh} />
      ) : (
        <DataGrid
          label="SDK tokens"
          rows={tokens.rows}
          columns={columns}
          rowKey={({ id }) => id}
          rowHeight={46}
          minWidth={420}
          loading={tokens.loading}
          hasMore={tokens.hasMore}
          loadMore={tokens.loadMore}
          totalCount={tokens.totalCount}
          empty={
            narrowed ? (
              <EmptyState
                icon={IconKey}
                title={show === 'revoked' ? 'None is revoked' : 'No token matches'}
              />
            ) : (
              <EmptyState
                icon={IconKey}
                title="No SDK tokens yet"
                cli="tierdeck sdk-token create orders CLIENT --env production"
              >
                A service reads flags with a token of its own. Make one for each service and environment, and
                narrow it to a project or a tenant where it needs no more: what leaks then is little, and can
                be revoked alone.
              </EmptyState>
            )
          }
        />
      )}
      <CreateSdkToken opened={creating} onClose={() => setCreating(false)} onCreated={tokens.refresh} />
    </Page>
  );
}

const columnsOf: Column<SdkToken>[] = [
  {
    key: 'name',
    header: 'Token',
    width: 'minmax(140px, 1.2fr)',
    render: ({ name }) => <b className="truncate">{name}</b>,
  },
  {
    key: 'kind',
    header: 'For',
    width: '120px',
    hideBelow: 720,
    render: ({ kind }) => (
      <Tooltip label={kindTexts[kind][1]}>
        <span>
          <Badge tone={kind === 'FRONTEND' ? 'info' : 'idle'}>{kindTexts[kind][0]}</Badge>
        </span>
      </Tooltip>
    ),
  },
  {
    key: 'environment',
    header: 'Environment',
    width: '110px',
    hideBelow: 620,
    render: ({ environment }) => environment,
  },
  {
    key: 'sees',
    header: 'Sees',
    width: 'minmax(140px, 1.6fr)',
    render: ({ tenant, branch, project, kind }) => (
      <span className="truncate">
        {tenant ? (
          <Link to="/tenants/$slug" params={{ slug: tenant }}>
            {branch ?? tenant}
          </Link>
        ) : (
          'every tenant'
        )}
        {kind !== 'RUNTIME' && (
          <span className="dim">{project ? `, project ${project}` : ', every project'}</span>
        )}
      </span>
    ),
  },
  {
    key: 'created',
    header: 'Created',
    width: '92px',
    hideBelow: 900,
    render: ({ createdAt }) => (
      <span className="dim">
        <Time at={createdAt} />
      </span>
    ),
  },
];

const revokedColumn: Column<SdkToken> = {
  key: 'revoked',
  header: 'Revoked',
  width: '92px',
  align: 'end',
  render: ({ revokedAt }) => <Time at={revokedAt} />,
};

const revokeColumn = (onRevoke: (token: SdkToken) => void): Column<SdkToken> => ({
  key: 'actions',
  header: '',
  width: '84px',
  align: 'end',
  render: (token) => (
    <Button
      variant="default"
      size="compact-xs"
      aria-label={`Revoke ${token.name}`}
      onClick={() => onRevoke(token)}
    >
      Revoke
    </Button>
  ),
});
