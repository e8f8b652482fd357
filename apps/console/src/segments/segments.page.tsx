import { Button } from '@mantine/core';
import { IconPlus, IconUsersGroup } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { CopyAsCli } from '../components/copy-button.js';
import { type Column, DataGrid } from '../components/data-grid.js';
import { counted } from '../components/format.js';
import { Page } from '../components/page.js';
import { SearchInput } from '../components/search-input.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { ConditionChips } from '../flags/conditions/condition-chips.js';
import { noConditions } from '../flags/conditions/conditions.js';
import { type Segment, segmentsQuery } from '../flags/conditions/segments.query.js';
import { flagChangedSubscription } from '../flags/flags.query.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { SegmentPanel } from './segment-panel.js';
import styles from './segments.module.css';

const route = getRouteApi('/segments');

/** Constraints under a name: what each says, which flags it decides, and a form to change it. */
export function SegmentsPage() {
  const { q, id } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useCan('flags:write');
  const { data, problem, loading, refresh } = useRead(segmentsQuery, {});
  useLive(flagChangedSubscription, {}, useThrottled(refresh));
  const change = (next: { q?: string | undefined; id?: string | undefined }) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true });
  const all = data?.segments ?? [];
  const found = all.filter(({ name, description }) =>
    `${name} ${description}`.toLowerCase().includes((q ?? '').toLowerCase()),
  );
  const opened = all.find((segment) => String(segment.id) === id);
  const close = () => change({ id: undefined });
  return (
    <Page
      fill
      title="Segments"
      subtitle="Constraints under a name. Rules and strategies share them; a change reaches every flag that uses one."
      actions={
        <>
          <CopyAsCli command="tierdeck get segments" />
          <Button leftSection={<IconPlus size={15} />} disabled={!may} onClick={() => change({ id: 'new' })}>
            Create segment
          </Button>
        </>
      }
      toolbar={
        <SearchInput value={q} placeholder="Search segment" onSearch={(next) => change({ q: next })} />
      }
    >
      {problem && !data ? (
        <ProblemState problem={problem} onRetry={refresh} />
      ) : (
        <div className={styles['beside']} data-open={Boolean(opened) || id === 'new'}>
          <DataGrid
            label="Segments"
            rows={found}
            columns={columns}
            rowKey={(segment) => String(segment.id)}
            rowHeight={52}
            minWidth={520}
            loading={loading}
            totalCount={found.length}
            selectedKey={id}
            onOpen={(segment) => change({ id: String(segment.id) })}
            empty={
              q ? (
                <EmptyState icon={IconUsersGroup} title="No segment matches" />
              ) : (
                <EmptyState icon={IconUsersGroup} title="No segments yet">
                  Say once who is meant, “gold customers in Europe”, and let many rules use it. Changing the
                  segment then changes all of them, and this page shows which before you do.
                </EmptyState>
              )
            }
          />
          {(opened ?? id === 'new') && (
            <SegmentPanel
              key={opened ? `${opened.id}:${opened.version}` : 'new'}
              segment={opened}
              onClose={close}
              onSaved={(saved) => {
                refresh();
                change({ id: saved });
              }}
            />
          )}
        </div>
      )}
    </Page>
  );
}

const columns: Column<Segment>[] = [
  {
    key: 'name',
    header: 'Segment',
    width: 'minmax(150px, 1fr)',
    render: (segment) => (
      <div className={styles['name']}>
        <b className="truncate">{segment.name}</b>
        <span className="dim truncate">{segment.description}</span>
      </div>
    ),
  },
  {
    key: 'constraints',
    header: 'Holds where',
    width: 'minmax(200px, 2fr)',
    render: ({ constraints }) =>
      constraints.length === 0 ? (
        <span className="faint">everywhere</span>
      ) : (
        <ConditionChips
          conditions={{
            ...noConditions,
            constraints: constraints.map((one) => ({ ...one, value: one.value ?? null })),
          }}
        />
      ),
  },
  {
    key: 'uses',
    header: 'Decides',
    width: '110px',
    render: ({ uses }) => {
      const flags = new Set(uses.map(({ flag }) => flag)).size;
      return flags === 0 ? (
        <span className="faint">nothing yet</span>
      ) : (
        <span className="num">{counted(flags, 'flag')}</span>
      );
    },
  },
];
