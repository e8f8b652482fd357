import { MultiSelect, Switch, TagsInput } from '@mantine/core';
import { IconFlask } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type Column, DataGrid } from '../components/data-grid.js';
import { sentence } from '../components/format.js';
import { Page, Panel } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { FlagValue } from '../flags/flag-value.js';
import { useRead } from '../graphql/use-read.js';
import { useEnvironment, useEnvironments } from '../shell/environment.js';
import { flagKeysQuery, type PlaygroundCell, playgroundQuery } from './playground.query.js';
import { Trace } from './trace.js';
import styles from './playground.module.css';

const route = getRouteApi('/playground');

interface Row {
  key: string;
  cell: PlaygroundCell;
  context: string;
  variants: string[];
}

/** `northwind`, `northwind/boston` for a branch, and `user:ann` after either of them or alone. */
function contextOf(text: string) {
  const [place = '', userId] = text.startsWith('user:') ? ['', text.slice(5)] : text.split(' user:');
  const [tenant, branch] = place.split('/');
  return { tenant: tenant || null, branch: branch ?? null, userId: userId ?? null };
}

/** What flags would be, for many contexts and environments at once, and why. Nothing is written. */
export function PlaygroundPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [current] = useEnvironment();
  const environments = useEnvironments().map(({ name }) => name);
  const [opened, setOpened] = useState<string>();
  const flags = useRead(flagKeysQuery, { search: null });
  const known = flags.data?.flags.edges.map(({ node }) => node) ?? [];
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });
  const chosen = {
    flags: search.flags ?? [],
    in: search.in ?? [current],
    for: search.for ?? [],
    all: search.all === 'yes',
  };
  const input = {
    flags: chosen.flags,
    environments: chosen.in,
    ...(chosen.all ? { allTenants: true } : { contexts: chosen.for.map(contextOf) }),
  };
  const complete = chosen.flags.length > 0 && chosen.in.length > 0 && (chosen.all || chosen.for.length > 0);
  const { data, problem, loading } = useRead(playgroundQuery, { input }, { pause: !complete });
  const contexts = (data?.playground.contexts ?? []) as Record<string, string>[];
  const rows: Row[] = complete
    ? (data?.playground.cells ?? []).map((cell) => ({
        key: `${cell.flag} ${cell.environment} ${cell.context}`,
        cell,
        context: contextLabel(contexts[cell.context]),
        variants: known.find(({ key }) => key === cell.flag)?.variants.map(({ name }) => name) ?? [],
      }))
    : [];
  const shown = rows.find(({ key }) => key === opened);
  return (
    <Page
      fill
      title="Playground"
      crumbs={<Link to="/flags">Flags</Link>}
      subtitle="What flags are for whom, and why: many flags, environments and contexts at once. Nothing is written."
      toolbar={
        <>
          <MultiSelect
            aria-label="Flags"
            placeholder="Flags"
            w={280}
            searchable
            maxValues={100}
            data={known.map(({ key }) => key)}
            value={chosen.flags}
            onChange={(next) => change({ flags: next })}
          />
          <MultiSelect
            aria-label="Environments"
            w={220}
            data={environments}
            value={chosen.in}
            onChange={(next) => change({ in: next })}
          />
          <TagsInput
            aria-label="Contexts"
            placeholder="northwind, northwind/boston, northwind user:ann"
            w={330}
            maxTags={200}
            disabled={chosen.all}
            value={chosen.for}
            onChange={(next) => change({ for: next })}
          />
          <Switch
            label="Every tenant"
            checked={chosen.all}
            onChange={(event) => change({ all: event.currentTarget.checked ? 'yes' : undefined })}
          />
        </>
      }
    >
      {problem && complete ? (
        <ProblemState problem={problem} />
      ) : (
        <div className={styles['beside']}>
          <DataGrid
            label="Decisions"
            rows={rows}
            columns={columns}
            rowKey={({ key }) => key}
            loading={complete && loading}
            selectedKey={opened}
            totalCount={rows.length}
            onOpen={({ key }) => setOpened(key)}
            empty={
              <EmptyState
                icon={IconFlask}
                title="Choose flags and for whom"
                cli="tierdeck flag explain pricing.engine --branch northwind/boston"
              >
                A context is a tenant, one of its branches, or a user of it. Every cell opens to the rules it
                was held against.
              </EmptyState>
            }
          />
          {shown && (
            <aside className={styles['side']} aria-label="Trace">
              <Panel title={<span className="mono">{shown.cell.flag}</span>}>
                <Trace cell={shown.cell} context={shown.context} variants={shown.variants} />
              </Panel>
            </aside>
          )}
        </div>
      )}
    </Page>
  );
}

function contextLabel(context: Record<string, string> | undefined): string {
  if (!context) return '';
  const place =
    context['account'] ?? context['warehouse'] ?? context['branch'] ?? context['tenant'] ?? 'nobody';
  return context['userId'] ? `${place}, user ${context['userId']}` : place;
}

const columns: Column<Row>[] = [
  {
    key: 'flag',
    header: 'Flag',
    width: 'minmax(170px, 1fr)',
    render: ({ cell }) => <b className="mono">{cell.flag}</b>,
  },
  { key: 'environment', header: 'Environment', width: '120px', render: ({ cell }) => cell.environment },
  { key: 'context', header: 'For', width: 'minmax(160px, 1fr)', render: ({ context }) => context },
  {
    key: 'value',
    header: 'Value',
    width: 'minmax(110px, 0.8fr)',
    render: ({ cell, variants }) => <FlagValue {...cell.live} variants={variants} />,
  },
  {
    key: 'why',
    header: 'Why',
    width: 'minmax(160px, 1.4fr)',
    render: ({ cell }) => {
      const won = cell.live.trace.find(({ outcome }) => outcome === 'WON');
      return (
        <span className="dim">
          {won ? `rule for ${won.scope.kind.toLowerCase()} ${won.scope.key}` : sentence(cell.live.reason)}
        </span>
      );
    },
  },
];
