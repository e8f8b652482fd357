import { Button, MultiSelect, Switch, TagsInput } from '@mantine/core';
import { IconArrowRight, IconFlask, IconPencil } from '@tabler/icons-react';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type MadeChanges, useOpenRequest } from '../change-requests/use-open-request.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { formatNumber, sentence } from '../components/format.js';
import { Page, Panel } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { notifyDone, notifyProblem } from '../components/toasts.js';
import { flagKeysQuery } from '../flags/flag-keys.query.js';
import { FlagValue } from '../flags/flag-value.js';
import { toRuleInput } from '../flags/use-flag-actions.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { useEnvironment, useEnvironments } from '../shell/environment.js';
import { contextLabel, parseContext } from './context-text.js';
import { DraftPanel, type DraftRule } from './draft-panel.js';
import { Trace } from './trace.js';
import { type DecidedCell, usePlayground } from './use-playground.js';
import styles from './playground.module.css';

const route = getRouteApi('/playground');

interface Row extends DecidedCell {
  variants: string[];
}

/** What flags would be, for many contexts and environments at once, live and drafted, and why. */
export function PlaygroundPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const leave = useNavigate();
  const [current] = useEnvironment();
  const environments = useEnvironments().map(({ name }) => name);
  const may = useCan('flags:write');
  const [opened, setOpened] = useState<string>();
  const [drafting, setDrafting] = useState(false);
  const [drafts, setDrafts] = useState<DraftRule[]>([]);
  const [onlyChanges, setOnlyChanges] = useState(false);
  const request = useOpenRequest(notifyProblem);
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
  const changes = drafts
    .filter(({ flag }) => chosen.flags.includes(flag))
    .map(({ flag, scope, rule }) => ({ kind: 'SET_RULE' as const, flag, scope, ...toRuleInput(rule) }));
  const complete = chosen.flags.length > 0 && chosen.in.length > 0 && (chosen.all || chosen.for.length > 0);
  const question = {
    flags: chosen.flags,
    environments: chosen.in,
    ...(chosen.all ? { allTenants: true } : { contexts: chosen.for.map(parseContext) }),
    ...(changes.length > 0 ? { changes } : {}),
  };
  const answer = usePlayground(complete ? question : undefined);
  const variantsOf = new Map(known.map(({ key, variants }) => [key, variants.map(({ name }) => name)]));
  const all: Row[] = answer.cells.map((cell) => ({ ...cell, variants: variantsOf.get(cell.flag) ?? [] }));
  const changed = all.filter((row) => row.changed);
  const rows = onlyChanges && changes.length > 0 ? changed : all;
  const shown = rows.find(({ key }) => key === opened);
  /** One request for each environment; those that could not be opened stay asked for. */
  const openRequests = async (wanted: readonly string[]): Promise<readonly string[]> => {
    const title = `${[...new Set(drafts.map(({ flag }) => flag))].join(', ')} from the playground`;
    const made = await makeEverywhere(wanted, (environment) =>
      request.make({ environment, title, reason: undefined, changes }),
    );
    const waiting = made.flatMap(({ outcome, id }) => (outcome === 'waiting' ? [id] : []));
    const applied = made.flatMap(({ environment, outcome }) => (outcome === 'applied' ? [environment] : []));
    if (applied.length > 0) notifyDone(`The draft is in force in ${applied.join(', ')}`);
    if (waiting.length > 0)
      notifyDone(`${waiting.length} ${waiting.length === 1 ? 'waits' : 'wait'} for an approval`);
    const left = wanted.filter((environment) => made.every((one) => one.environment !== environment));
    if (left.length > 0) return left;
    setDrafts([]);
    const [only, another] = waiting;
    if (another !== undefined) void leave({ to: '/change-requests' });
    else if (only !== undefined) void leave({ to: '/change-requests/$id', params: { id: only } });
    return left;
  };

  return (
    <Page
      fill
      title="Playground"
      crumbs={<Link to="/flags">Flags</Link>}
      subtitle="What flags are for whom, and why: many flags, environments and contexts at once, as they are and as a draft would have them. Nothing is written."
      actions={
        <Button
          variant={drafting ? 'light' : 'default'}
          leftSection={<IconPencil size={14} />}
          aria-pressed={drafting}
          onClick={() => setDrafting(!drafting)}
        >
          {drafts.length > 0 ? `Draft: ${drafts.length}` : 'Draft rules'}
        </Button>
      }
      toolbar={
        <>
          <MultiSelect
            aria-label="Flags"
            placeholder={chosen.flags.length > 0 ? '' : 'Flags'}
            className={styles['field'] ?? ''}
            searchable
            maxValues={100}
            data={known.map(({ key }) => key)}
            value={chosen.flags}
            onChange={(next) => change({ flags: next })}
          />
          <MultiSelect
            aria-label="Environments"
            className={styles['field'] ?? ''}
            data={environments}
            value={chosen.in}
            onChange={(next) => change({ in: next })}
          />
          <TagsInput
            aria-label="Contexts"
            placeholder="northwind/boston user:ann plan=gold"
            className={styles['field'] ?? ''}
            maxTags={200}
            splitChars={[',']}
            disabled={chosen.all}
            value={chosen.for}
            onChange={(next) => change({ for: next })}
          />
          <Switch
            label="Every tenant"
            checked={chosen.all}
            onChange={(event) => change({ all: event.currentTarget.checked ? 'yes' : undefined })}
          />
          {changes.length > 0 && (
            <Switch
              label={`Only those that change: ${formatNumber(changed.length)}`}
              checked={onlyChanges}
              onChange={(event) => setOnlyChanges(event.currentTarget.checked)}
            />
          )}
        </>
      }
    >
      {answer.problem && complete ? (
        <ProblemState problem={answer.problem} />
      ) : (
        <div className={styles['beside']}>
          <DataGrid
            label="Decisions"
            rows={rows}
            columns={changes.length > 0 ? draftColumns : columns}
            rowKey={({ key }) => key}
            minWidth={680}
            loading={answer.loading}
            hasMore={answer.hasMore}
            loadMore={answer.loadMore}
            selectedKey={opened}
            totalCount={answer.hasMore ? undefined : rows.length}
            onOpen={({ key }) => setOpened(key === opened ? undefined : key)}
            empty={
              <EmptyState
                icon={IconFlask}
                title={complete ? 'The draft changes nobody' : 'Choose flags and for whom'}
                cli="tierdeck flag playground pricing.engine --all-tenants"
              >
                A context is a tenant, or tenant/branch, with what else is known: user:ann, account:ALFKI,
                plan=gold. Every row opens to the rules it was held against.
              </EmptyState>
            }
          />
          {(shown ?? drafting) && (
            <aside className={styles['side']} aria-label={shown ? 'Trace' : 'Draft'}>
              {shown && (
                <Panel title={<span className="mono">{shown.flag}</span>}>
                  <Trace cell={shown} changes={changes} variants={shown.variants} />
                </Panel>
              )}
              {drafting && (
                <DraftPanel
                  flags={known.filter(({ key }) => chosen.flags.includes(key))}
                  environments={chosen.in}
                  drafts={drafts}
                  busy={request.busy}
                  onChange={setDrafts}
                  onRequest={may && changes.length > 0 ? openRequests : undefined}
                />
              )}
            </aside>
          )}
        </div>
      )}
    </Page>
  );
}

/** One after the other: the lint may ask about each. */
async function makeEverywhere(
  environments: readonly string[],
  make: (environment: string) => Promise<MadeChanges | undefined>,
): Promise<(MadeChanges & { environment: string })[]> {
  const made: (MadeChanges & { environment: string })[] = [];
  for (const environment of environments) {
    const one = await make(environment);
    if (one) made.push({ ...one, environment });
  }
  return made;
}

const flagColumn: Column<Row> = {
  key: 'flag',
  header: 'Flag',
  width: 'minmax(170px, 1fr)',
  render: ({ flag }) => <b className="mono">{flag}</b>,
};
const environmentColumn: Column<Row> = {
  key: 'environment',
  header: 'Environment',
  width: '110px',
  render: ({ environment }) => environment,
};
const contextColumn: Column<Row> = {
  key: 'context',
  header: 'For',
  width: 'minmax(150px, 1fr)',
  render: ({ asked }) => <span className="truncate">{contextLabel(asked)}</span>,
};
const valueColumn: Column<Row> = {
  key: 'value',
  header: 'Value',
  width: 'minmax(110px, 0.8fr)',
  render: ({ live, variants }) => <FlagValue {...live} variants={variants} />,
};

const columns: Column<Row>[] = [
  flagColumn,
  environmentColumn,
  contextColumn,
  valueColumn,
  {
    key: 'why',
    header: 'Why',
    width: 'minmax(120px, 0.8fr)',
    render: ({ live }) => <span className="dim">{sentence(live.reason)}</span>,
  },
];

const draftColumns: Column<Row>[] = [
  flagColumn,
  environmentColumn,
  contextColumn,
  valueColumn,
  {
    key: 'draft',
    header: 'With the draft',
    width: 'minmax(150px, 1fr)',
    render: ({ draft, changed, variants }) =>
      changed && draft ? (
        <span className={styles['becomes']}>
          <IconArrowRight size={14} aria-label="becomes" />
          <FlagValue {...draft} variants={variants} />
        </span>
      ) : (
        <span className="faint">the same</span>
      ),
  },
];
