import { SegmentedControl } from '@mantine/core';
import { IconFlag3 } from '@tabler/icons-react';
import { useState } from 'react';
import { type Column, DataGrid } from '../components/data-grid.js';
import { formatNumber } from '../components/format.js';
import { SearchInput } from '../components/search-input.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { ExplanationPanel } from '../flags/explanation-panel.js';
import { FlagValue } from '../flags/flag-value.js';
import { isOwn } from '../flags/matrix.query.js';
import { sourceWords } from '../flags/source.js';
import { useEnvironment } from '../shell/environment.js';
import { type EffectiveFlag, useTenantFlags } from './use-tenant-flags.js';
import styles from './tenant.module.css';

/** What each flag is worth for this tenant and why, and where its branches differ. */
export function TenantFlags({ slug }: { slug: string }) {
  const [environment] = useEnvironment();
  const [search, setSearch] = useState<string>();
  const [opened, setOpened] = useState<string>();
  const [view, setView] = useState<View>('all');
  const { rows, total, problem, loading, loadMore, refresh } = useTenantFlags(slug, environment, search);
  const shown = rows.filter((row) => views[view].keeps(row));
  if (problem && rows.length === 0) return <ProblemState problem={problem} onRetry={refresh} />;
  return (
    <>
      <div className={styles['tabTools']}>
        <SearchInput value={search} placeholder="Search flag" onSearch={setSearch} width={240} />
        <SegmentedControl
          aria-label="Which flags"
          value={view}
          data={Object.entries(views).map(([value, { label }]) => ({ value, label }))}
          onChange={(value) => setView(value as View)}
        />
        <span className="dim">
          As {environment} decides now. A row opens the reason: the rule that wins and those it beats.
        </span>
      </div>
      <div className={styles['beside']}>
        <DataGrid
          label={`Flags in ${environment}`}
          rows={shown}
          columns={columns}
          rowKey={({ flag }) => flag.key}
          rowHeight={44}
          loading={loading}
          totalCount={view === 'all' ? total : undefined}
          hasMore={total !== undefined && rows.length < total}
          loadMore={loadMore}
          selectedKey={opened}
          onOpen={({ flag }) => setOpened(flag.key)}
          empty={
            search || view !== 'all' ? (
              <EmptyState icon={IconFlag3} title="No flag matches" />
            ) : (
              <EmptyState icon={IconFlag3} title="No flags yet" cli="tierdeck apply -f tenants/flags/">
                Flags decide which logic this tenant gets.
              </EmptyState>
            )
          }
        />
        {opened && (
          <ExplanationPanel
            flag={opened}
            scope={{ kind: 'TENANT', key: slug }}
            onClose={() => setOpened(undefined)}
          />
        )}
      </div>
    </>
  );
}

/** What the list is narrowed to. */
const views = {
  all: { label: 'All', keeps: () => true },
  own: { label: 'Own rule', keeps: ({ decision, column }: EffectiveFlag) => isOwn(decision, column) },
  inherited: {
    label: 'Inherited rule',
    keeps: ({ decision, column }: EffectiveFlag) => decision.scope !== null && !isOwn(decision, column),
  },
  differing: { label: 'Branches differ', keeps: ({ differing }: EffectiveFlag) => differing > 0 },
};
type View = keyof typeof views;

const columns: Column<EffectiveFlag>[] = [
  {
    key: 'flag',
    header: 'Flag',
    width: 'minmax(180px, 1fr)',
    render: ({ flag }) => <b className="mono">{flag.key}</b>,
  },
  {
    key: 'value',
    header: 'Value',
    width: 'minmax(110px, 0.7fr)',
    render: ({ flag, decision }) => (
      <FlagValue {...decision} variants={flag.variants.map(({ name }) => name)} />
    ),
  },
  {
    key: 'source',
    header: 'Why',
    width: 'minmax(170px, 1.2fr)',
    render: ({ decision, column }) => <span className="dim">{sourceWords(decision, column)}</span>,
  },
  {
    key: 'differing',
    header: 'Branches',
    width: '110px',
    render: ({ differing }) =>
      differing > 0 ? (
        <span className="num">{formatNumber(differing)} differ</span>
      ) : (
        <span className="faint">all the same</span>
      ),
  },
  {
    key: 'description',
    header: 'Decides',
    width: 'minmax(140px, 1.4fr)',
    hideBelow: 1300,
    render: ({ flag }) => <span className="dim">{flag.description}</span>,
  },
];
