import { Button, Loader, MultiSelect, SegmentedControl } from '@mantine/core';
import { IconTable } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { FilterInput } from '../components/filter-input.js';
import { counted, formatNumber, sentence } from '../components/format.js';
import { Page } from '../components/page.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { SearchInput } from '../components/search-input.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { ExplanationPanel } from '../flags/explanation-panel.js';
import { useCan } from '../session/session.js';
import { useEnvironment } from '../shell/environment.js';
import { Brushes } from './brushes.js';
import { type Brush, draftKey, nextBrush, paint, type PaintedCell } from './change-set.js';
import { type Cell, cellsOf, type Density, type Selection } from './matrix-geometry.js';
import { MatrixGrid } from './matrix-grid.js';
import { MatrixStatus } from './matrix-status.js';
import { ReviewPanel } from './review-panel.js';
import { matrixUnits } from './units.js';
import { useChangeSet } from './use-change-set.js';
import { useMatrixTiles } from './use-matrix-tiles.js';
import styles from './matrix.module.css';

const route = getRouteApi('/matrix');
const paintedAtOnce = 2_000;

/** Every flag for every tenant and unit; paint, look at who would change, then apply all of it. */
export function MatrixPage() {
  const [environment] = useEnvironment();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = (change: Partial<typeof search>) =>
    void navigate({ search: (now) => ({ ...now, ...change }), replace: true });
  const units = search.units ?? ['BRANCH'];
  const [tiles, version] = useMatrixTiles({
    environment,
    units,
    tenant: search.tenant ?? null,
    flagSearch: search.q ?? null,
    columnSearch: search.column ?? null,
  });
  const mayPaint = useCan('flags:write');
  const [drafts, setDrafts] = useChangeSet(environment);
  const [brush, setBrush] = useState<Brush>();
  const [active, setActive] = useState<Cell>({ row: 0, column: 0 });
  const [open, setOpen] = useState<Cell>();
  const [note, setNote] = useState<string>();
  const density: Density = search.cells ?? 'wide';

  const cellOf = ({ row, column }: Cell): PaintedCell | undefined => {
    const [flag, head, decision] = [tiles.flag(row), tiles.column(column), tiles.decision(row, column)];
    return flag && head && decision && { flag, column: head, decision };
  };
  const onPaint = (selection: Selection, by: 'pointer' | 'key') => {
    const cells = cellsOf(selection).flatMap((cell) => cellOf(cell) ?? []);
    const [first] = cells;
    if (!mayPaint || !first) return;
    if (cells.length > paintedAtOnce) {
      setNote(
        `That is ${counted(cells.length, 'cell')}; paint up to ${formatNumber(paintedAtOnce)} at once, or set a rule for the tenant.`,
      );
      return;
    }
    const present = drafts.get(draftKey(first.flag.key, first.column));
    const used = brush ?? (by === 'key' ? nextBrush(first.flag, first.decision, present) : undefined);
    if (!used) return;
    const painted = paint(drafts, cells, used);
    setDrafts(painted.set);
    setOpen(undefined);
    setNote(
      painted.passedOver > 0
        ? `${formatNumber(painted.passedOver)} of ${counted(cells.length, 'cell')} belong to flags without this value.`
        : undefined,
    );
  };

  const nothing = tiles.rowCount === 0 || tiles.columnCount === 0;
  const opened = open && cellOf(open);
  return (
    <Page
      fill
      title="Matrix"
      crumbs={<Link to="/flags">Flags</Link>}
      subtitle={
        tiles.rowCount === undefined
          ? 'Every flag for every tenant and unit.'
          : `${counted(tiles.rowCount, 'flag')} by ${counted(tiles.columnCount ?? 0, 'tenant or unit', 'tenants and units')} in ${environment}.`
      }
      toolbar={
        <>
          <SearchInput
            value={search.q}
            placeholder="Search flag"
            onSearch={(q) => filter({ q })}
            width={190}
          />
          <FilterInput
            value={search.column}
            label="Tenant or unit"
            onChange={(column) => filter({ column })}
            width={170}
          />
          <MultiSelect
            aria-label="Units with columns"
            placeholder={units.length ? '' : 'Tenants only'}
            w={190}
            data={matrixUnits.map((value) => ({ value, label: sentence(value) }))}
            value={units}
            onChange={(next) => filter({ units: matrixUnits.filter((kind) => next.includes(kind)) })}
          />
          {search.tenant && (
            <Button variant="light" onClick={() => filter({ tenant: undefined })}>
              Only {search.tenant} ✕
            </Button>
          )}
          <SegmentedControl
            aria-label="Cells"
            value={density}
            data={[
              { value: 'wide', label: 'Values' },
              { value: 'dense', label: 'Dense' },
            ]}
            onChange={(cells) => filter({ cells: cells === 'dense' ? 'dense' : undefined })}
          />
          <Brushes tiles={tiles} version={version} value={brush} disabled={!mayPaint} onChange={setBrush} />
        </>
      }
    >
      {tiles.problem && tiles.rowCount !== undefined && <ProblemNotice problem={tiles.problem} />}
      <div className={styles['layout']}>
        <div className={styles['frame']}>
          {tiles.problem && tiles.rowCount === undefined ? (
            <ProblemState problem={tiles.problem} onRetry={() => tiles.refresh()} />
          ) : nothing ? (
            <NothingFound filtered={Boolean(search.q || search.column || search.tenant)} />
          ) : (
            <>
              {tiles.rowCount === undefined && <Loader size="sm" m="md" aria-label="Loading" />}
              <MatrixGrid
                label={`Flags in ${environment}`}
                tiles={tiles}
                version={version}
                drafts={drafts}
                density={density}
                active={active}
                onActive={(cell) => {
                  setActive(cell);
                  setNote(undefined);
                }}
                onLeave={() => setOpen(undefined)}
                onOpen={setOpen}
                onPaint={onPaint}
                painting={brush !== undefined}
                onTenant={(tenant) => filter({ tenant: tenant === search.tenant ? undefined : tenant })}
              />
              <MatrixStatus
                cell={cellOf(active)}
                drafts={drafts}
                note={note}
                painting={brush !== undefined}
              />
            </>
          )}
        </div>
        {opened && (
          <ExplanationPanel
            flag={opened.flag.key}
            scope={{ kind: opened.column.kind, key: opened.column.key }}
            onClose={() => setOpen(undefined)}
          />
        )}
        {!opened && drafts.size > 0 && (
          <ReviewPanel
            environment={environment}
            drafts={drafts}
            onChange={setDrafts}
            onApplied={() => tiles.refresh()}
          />
        )}
      </div>
    </Page>
  );
}

function NothingFound({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <EmptyState icon={IconTable} title="Nothing matches">
      Flags are found by key, description or owner; columns by the name, slug or code of a tenant or unit.
    </EmptyState>
  ) : (
    <EmptyState icon={IconTable} title="No flags or no tenants yet" cli="tierdeck apply -f tenants/">
      Once there are both, every flag has its value for every tenant here.
    </EmptyState>
  );
}
