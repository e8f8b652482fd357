import { Button, Menu, SegmentedControl, Tooltip } from '@mantine/core';
import { IconChevronDown, IconFileExport, IconFileImport, IconFlag3, IconPlus } from '@tabler/icons-react';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Badge } from '../components/badges.js';
import { CopyAsCli } from '../components/copy-button.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { Facet } from '../components/facet.js';
import { counted, formatCompact, sentence } from '../components/format.js';
import { Page } from '../components/page.js';
import { SearchInput } from '../components/search-input.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { usePages } from '../graphql/use-pages.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { useEnvironments } from '../shell/environment.js';
import { CreateFlag } from './create-flag.js';
import { useExport } from './files/use-export.js';
import styles from './flags.module.css';
import {
  flagChangedSubscription,
  flagFacetsQuery,
  type FlagRow,
  flagsQuery,
  type StaleFlag,
  staleFlagsQuery,
} from './flags.query.js';
import { flagKinds, flagLifecycles, flagViews, riskClasses } from '../statuses.js';
import { StaleBadge } from './stale-badge.js';

const route = getRouteApi('/flags');

export function FlagsPage() {
  const { q, project, kind, risk, owner, state, show } = route.useSearch();
  const navigate = route.useNavigate();
  const open = useNavigate();
  const may = useCan('flags:write');
  const files = useExport();
  const [creating, setCreating] = useState(false);
  const change = (next: Partial<ReturnType<typeof route.useSearch>>) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });
  const narrowed = Boolean(q || project || kind || risk || owner || state || show);
  const flags = usePages(
    flagsQuery,
    {
      search: q ?? null,
      archived: show === 'archived',
      killed: show === 'killed',
      stale: show === 'stale',
      project: project ?? null,
      kind: kind ?? null,
      riskClass: risk ?? null,
      owner: owner ?? null,
      lifecycle: state ?? null,
    },
    (data) => data.flags,
  );
  const facets = useRead(flagFacetsQuery, {});
  const stale = useRead(staleFlagsQuery, { flags: null });
  const staleByKey = useMemo(
    () => new Map(stale.data?.staleFlags.map((one) => [one.flag, one])),
    [stale.data],
  );
  const projectNames = new Map(facets.data?.projects.map(({ key, name }) => [key, name]));
  useLive(flagChangedSubscription, {}, useThrottled(flags.refresh));
  const environments = useEnvironments();
  const columns = useMemo(
    () =>
      columnsFor(
        environments.map(({ name }) => name),
        staleByKey,
      ),
    [environments, staleByKey],
  );
  return (
    <Page
      fill
      title="Flags"
      subtitle="Decide per tenant, branch, warehouse and account which logic runs. The most specific rule wins."
      actions={
        <>
          <CopyAsCli command="tierdeck get flags" />
          <Menu position="bottom-end" width={230}>
            <Menu.Target>
              <Button variant="default" rightSection={<IconChevronDown size={13} />} loading={files.busy}>
                Files
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                leftSection={<IconFileImport size={15} />}
                disabled={!may}
                onClick={() => void open({ to: '/import' })}
              >
                Import from Unleash …
              </Menu.Item>
              <Menu.Item leftSection={<IconFileExport size={15} />} onClick={() => void files.run()}>
                Export as manifests
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <Button leftSection={<IconPlus size={15} />} disabled={!may} onClick={() => setCreating(true)}>
            Create flag
          </Button>
        </>
      }
      toolbar={
        <>
          <SearchInput
            value={q}
            placeholder="Search key, description, owner"
            onSearch={(value) => change({ q: value })}
          />
          <Facet
            label="Project"
            options={facets.data?.projects.map(({ key }) => key) ?? []}
            nameOf={(key) => projectNames.get(key) ?? key}
            value={project}
            onChange={(value) => change({ project: value })}
          />
          <Facet
            label="Kind"
            options={flagKinds}
            value={kind}
            onChange={(value) => change({ kind: value })}
          />
          <Facet
            label="Risk"
            options={riskClasses}
            value={risk}
            onChange={(value) => change({ risk: value })}
          />
          {(facets.data?.flagOwners.length ?? 0) > 0 && (
            <Facet
              label="Owner"
              options={facets.data?.flagOwners ?? []}
              nameOf={(name) => name}
              value={owner}
              onChange={(value) => change({ owner: value })}
            />
          )}
          <Facet
            label="State"
            options={flagLifecycles}
            value={state}
            onChange={(value) => change({ state: value })}
          />
          <SegmentedControl
            aria-label="Which flags"
            value={show ?? 'all'}
            data={[
              { value: 'all', label: 'In use' },
              { value: 'stale', label: `Stale${staleByKey.size > 0 ? ` ${staleByKey.size}` : ''}` },
              { value: 'killed', label: 'Killed' },
              { value: 'archived', label: 'Archived' },
            ]}
            onChange={(value) => change({ show: flagViews.find((view) => view === value) })}
          />
          {narrowed && (
            <Button variant="subtle" onClick={() => void navigate({ search: ({ env }) => ({ env }) })}>
              Clear filters
            </Button>
          )}
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
            narrowed ? (
              <EmptyState icon={IconFlag3} title={emptyTitles[show ?? 'all']}>
                {show === 'stale'
                  ? 'A flag is stale when it expired, no SDK asks for it, it is on for everybody, or no scanned code names it.'
                  : 'Flags are found by key, description or owner. Clear the filters to see all of them.'}
              </EmptyState>
            ) : (
              <EmptyState icon={IconFlag3} title="No flags yet" cli="tierdeck apply -f tenants/flags/">
                A flag chooses between two ways of doing the same thing, such as two pricing engines, for one
                tenant, branch or account at a time. Make one, read it with any Unleash SDK, then set a rule
                for the tenant that goes first.
              </EmptyState>
            )
          }
        />
      )}
      <CreateFlag opened={creating} onClose={() => setCreating(false)} />
    </Page>
  );
}

const emptyTitles = {
  all: 'No flag matches',
  stale: 'No flag is stale',
  killed: 'No flag is killed',
  archived: 'No archived flag matches',
};

const columnsFor = (
  environments: readonly string[],
  stale: ReadonlyMap<string, StaleFlag>,
): Column<FlagRow>[] => [
  {
    key: 'key',
    header: 'Flag',
    width: 'minmax(240px, 2fr)',
    render: (flag) => (
      <div className={styles['flagName']}>
        <span className={styles['flagKey']}>
          <Link to="/flags/$key" params={{ key: flag.key }} className="quiet mono truncate" tabIndex={-1}>
            {flag.key}
          </Link>
          {flag.lifecycle === 'DRAFT' && <Badge tone="idle">Draft</Badge>}
          <StaleBadge stale={stale.get(flag.key)} />
        </span>
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
    key: 'owner',
    header: 'Owner',
    width: '120px',
    hideBelow: 1400,
    render: ({ owner, project }) => (
      <div className={styles['flagName']}>
        <span className="truncate">{owner ?? <span className="faint">nobody</span>}</span>
        {project !== 'default' && <span className="dim truncate">{project}</span>}
      </div>
    ),
  },
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
          {!environment.enabled ? 'Killed' : rules === 0 ? 'Default' : counted(rules, 'rule')}
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
