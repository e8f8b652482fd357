import { Button, Switch, Tooltip } from '@mantine/core';
import { IconFlag3, IconPlus } from '@tabler/icons-react';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Badge } from '../components/badges.js';
import { CopyAsCli } from '../components/copy-button.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { formatCompact, sentence } from '../components/format.js';
import { Page } from '../components/page.js';
import { SearchInput } from '../components/search-input.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { usePages } from '../graphql/use-pages.js';
import { useCan } from '../session/session.js';
import { useEnvironments } from '../shell/environment.js';
import { CreateFlag } from './create-flag.js';
import styles from './flags.module.css';
import { flagChangedSubscription, type FlagRow, flagsQuery } from './flags.query.js';

const route = getRouteApi('/flags');

export function FlagsPage() {
  const { q } = route.useSearch();
  const navigate = route.useNavigate();
  const open = useNavigate();
  const may = useCan('flags:write');
  const [archived, setArchived] = useState(false);
  const [creating, setCreating] = useState(false);
  const flags = usePages(flagsQuery, { search: q ?? null, archived }, (data) => data.flags);
  useLive(flagChangedSubscription, {}, useThrottled(flags.refresh));
  const environments = useEnvironments();
  const columns = useMemo(() => columnsFor(environments.map(({ name }) => name)), [environments]);
  return (
    <Page
      fill
      title="Flags"
      subtitle="Decide per tenant, branch, warehouse and account which logic runs. The most specific rule wins."
      actions={
        <>
          <CopyAsCli command="tierdeck get flags" />
          <Button leftSection={<IconPlus size={15} />} disabled={!may} onClick={() => setCreating(true)}>
            Create flag
          </Button>
        </>
      }
      toolbar={
        <>
          <SearchInput
            value={q}
            placeholder="Search key"
            onSearch={(value) => void navigate({ search: (now) => ({ ...now, q: value }), replace: true })}
          />
          <Switch
            label="Archived"
            checked={archived}
            onChange={(event) => setArchived(event.currentTarget.checked)}
          />
        </>
      }
    >
      {flags.problem ? (
        <ProblemState problem={flags.problem} onRetry={flags.refresh} />
      ) : (
        <DataGrid
          label="Flags"
          rows={flags.rows}
          columns={columns}
          rowKey={(flag) => flag.key}
          rowHeight={52}
          minWidth={820}
          loading={flags.loading}
          hasMore={flags.hasMore}
          loadMore={flags.loadMore}
          totalCount={flags.totalCount}
          onOpen={({ key }) => void open({ to: '/flags/$key', params: { key } })}
          empty={
            <EmptyState
              icon={IconFlag3}
              title={q ? 'No flag has this key' : 'No flags yet'}
              cli="tierdeck apply -f tenants/flags/"
            >
              A flag chooses between two ways of doing the same thing, such as two pricing engines. Any
              Unleash SDK reads it.
            </EmptyState>
          }
        />
      )}
      <CreateFlag opened={creating} onClose={() => setCreating(false)} />
    </Page>
  );
}

const columnsFor = (environments: readonly string[]): Column<FlagRow>[] => [
  {
    key: 'key',
    header: 'Flag',
    width: 'minmax(240px, 2fr)',
    render: (flag) => (
      <div className={styles['flagName']}>
        <Link to="/flags/$key" params={{ key: flag.key }} className="quiet mono" tabIndex={-1}>
          {flag.key}
        </Link>
        <span className="dim truncate">{flag.description}</span>
      </div>
    ),
  },
  {
    key: 'kind',
    header: 'Kind',
    width: '110px',
    render: (flag) =>
      flag.kind === 'VARIANT' ? `${flag.variants.length} variants` : <span>{sentence(flag.kind)}</span>,
  },
  {
    key: 'risk',
    header: 'Risk class',
    width: '100px',
    render: (flag) => (
      <Badge tone={flag.riskClass === 'FINANCIAL' ? 'warn' : 'idle'}>{sentence(flag.riskClass)}</Badge>
    ),
  },
  ...environments.map((name): Column<FlagRow> => ({
    key: name,
    header: sentence(name),
    width: '136px',
    render: (flag) => <InEnvironment environment={flag.environments.find((one) => one.name === name)} />,
  })),
  {
    key: 'updated',
    header: 'Changed',
    width: '92px',
    align: 'end',
    render: (flag) => (
      <span className="dim">
        <Time at={flag.updatedAt} />
      </span>
    ),
  },
];

function InEnvironment({ environment }: { environment: FlagRow['environments'][number] | undefined }) {
  if (!environment) return <span className="faint">—</span>;
  const { yes, no } = environment.metrics;
  const asked = yes + no;
  const rules = environment.rules.length;
  return (
    <Tooltip
      label={`Decisions reported by the data plane: ${formatCompact(yes)} on, ${formatCompact(no)} off`}
    >
      <div className={styles['inEnvironment']}>
        <Badge tone={environment.enabled ? (rules > 0 ? 'good' : 'idle') : 'bad'} dot plain>
          {!environment.enabled
            ? 'Killed'
            : rules === 0
              ? 'Default'
              : `${rules} ${rules === 1 ? 'rule' : 'rules'}`}
        </Badge>
        {asked > 0 && (
          <span className={styles['share']} aria-hidden="true">
            <i style={{ width: `${(yes / asked) * 100}%` }} />
          </span>
        )}
      </div>
    </Tooltip>
  );
}
