import { Skeleton, Tooltip, UnstyledButton } from '@mantine/core';
import { IconBuildingWarehouse, IconChevronRight } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { formatNumber } from '../components/format.js';
import { SearchInput } from '../components/search-input.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { FlagValue, valueIndex, valueLabel } from './flag-value.js';
import styles from './flag-tenants.module.css';
import { flagChangedSubscription, type FlagDetail, type Scope } from './flags.query.js';
import {
  flagMatrixQuery,
  isOwn,
  type Matrix,
  type MatrixColumn,
  type MatrixDecision,
} from './matrix.query.js';
import { formatScope, tenantOf } from './scope.js';
import { sourceWords } from './source.js';

interface FlagTenantsProps {
  flag: FlagDetail;
  selected: Scope | undefined;
  onSelect: (scope: Scope) => void;
}

/** With few tenants all of their branches are shown at once. */
const expandedUpTo = 6;

/** What every tenant gets, and under it what each of its branches gets, with the rule that decides. */
export function FlagTenants({ flag, selected, onSelect }: FlagTenantsProps) {
  const [search, setSearch] = useState<string>();
  const input = { ...oneRow(flag), columnSearch: search ?? null };
  const { data, problem, loading, refresh } = useRead(flagMatrixQuery, { input });
  useLive(flagChangedSubscription, { key: flag.key }, useThrottled(refresh));
  const cells = useCells(data?.flagMatrix);
  const variants = flag.variants.map(({ name }) => name);
  // Tenants with rules come first, as they were when the page was opened: a rule that is set moves no row.
  const [ruledAtFirst] = useState(
    () => new Set(flag.environment.rules.flatMap(({ scope }) => tenantOf(scope) ?? [])),
  );
  const tenants = (data?.flagMatrix.columns ?? []).toSorted(
    (a, b) => Number(ruledAtFirst.has(b.key)) - Number(ruledAtFirst.has(a.key)),
  );
  const all = data?.flagMatrix.columnCount ?? 0;
  if (problem && !data) return <ProblemState problem={problem} onRetry={refresh} />;
  return (
    <div>
      <div className={styles['tools']}>
        <SearchInput value={search} placeholder="Search tenant" onSearch={setSearch} width={220} />
        <Legend flag={flag} />
      </div>
      {loading && (
        <div className={styles['loading']}>
          <Skeleton height={22} />
          <Skeleton height={22} />
          <Skeleton height={22} />
        </div>
      )}
      {!loading && tenants.length === 0 && (
        <EmptyState icon={IconBuildingWarehouse} title={search ? 'No tenant matches' : 'No tenants yet'} />
      )}
      {tenants.map((tenant) => (
        <TenantRow
          key={tenant.key}
          flag={flag}
          tenant={tenant}
          decision={cells.get(tenant.key)}
          variants={variants}
          expandedAtFirst={tenants.length <= expandedUpTo}
          selected={selected}
          onSelect={onSelect}
        />
      ))}
      {all > tenants.length && (
        <div className={styles['note']}>
          The first {formatNumber(tenants.length)} of {formatNumber(all)} tenants; the search finds the
          others.
        </div>
      )}
    </div>
  );
}

/** As many columns as one window may have. */
const mostColumns = 500;

const oneRow = (flag: FlagDetail) => ({
  environment: flag.environment.name,
  flag: flag.key,
  rows: { offset: 0, limit: 1 },
  columns: { offset: 0, limit: mostColumns },
});

/** The decisions of the one flag by the key of their column. */
function useCells(matrix: Matrix | undefined): Map<string, MatrixDecision> {
  return useMemo(() => {
    const cells = matrix?.rows[0]?.cells ?? [];
    return new Map(
      (matrix?.columns ?? []).flatMap(({ key }, index) => {
        const decision = matrix?.decisions[cells[index] ?? -1];
        return decision ? [[key, decision] as const] : [];
      }),
    );
  }, [matrix]);
}

interface TenantRowProps extends FlagTenantsProps {
  tenant: MatrixColumn;
  decision: MatrixDecision | undefined;
  variants: string[];
  expandedAtFirst: boolean;
}

function TenantRow({
  flag,
  tenant,
  decision,
  variants,
  expandedAtFirst,
  selected,
  onSelect,
}: TenantRowProps) {
  const [open, setOpen] = useState(expandedAtFirst);
  const scope: Scope = { kind: 'TENANT', key: tenant.key };
  return (
    <section className={styles['tenant']} aria-label={tenant.label}>
      <div
        className={styles['tenantHead']}
        data-selected={selected !== undefined && formatScope(selected) === formatScope(scope)}
      >
        <UnstyledButton
          className={styles['expand'] ?? ''}
          aria-expanded={open}
          aria-label={`Branches of ${tenant.label}`}
          onClick={() => setOpen(!open)}
        >
          <IconChevronRight size={14} data-open={open} aria-hidden="true" />
        </UnstyledButton>
        <UnstyledButton className={styles['tenantCell'] ?? ''} onClick={() => onSelect(scope)}>
          <span className={styles['tenantName']}>{tenant.label}</span>
          <span className={`${styles['source']} truncate`}>{decision && sourceWords(decision, tenant)}</span>
          {decision && (
            <FlagValue enabled={decision.enabled} variant={decision.variant} variants={variants} />
          )}
        </UnstyledButton>
      </div>
      {open && (
        <Branches
          flag={flag}
          tenant={tenant.key}
          variants={variants}
          selected={selected}
          onSelect={onSelect}
        />
      )}
    </section>
  );
}

interface BranchesProps extends FlagTenantsProps {
  tenant: string;
  variants: string[];
}

/** Every branch is one cell: its colour is its value, a frame marks a rule of its own. */
function Branches({ flag, tenant, variants, selected, onSelect }: BranchesProps) {
  const input = { ...oneRow(flag), tenant, units: ['BRANCH' as const] };
  const { data, loading, problem, refresh } = useRead(flagMatrixQuery, { input });
  useLive(flagChangedSubscription, { key: flag.key }, useThrottled(refresh));
  const cells = useCells(data?.flagMatrix);
  if (problem) return <div className={styles['note']}>{problem.message}</div>;
  if (loading) return <Skeleton height={20} mx={34} mb={10} />;
  const branches = (data?.flagMatrix.columns ?? []).filter(({ kind }) => kind === 'BRANCH');
  if (branches.length === 0) return <div className={styles['note']}>This tenant has no branches.</div>;
  const dense = branches.length > 60;
  // The first column is the tenant's own.
  const all = Math.max(branches.length, (data?.flagMatrix.columnCount ?? 1) - 1);
  return (
    <>
      <div
        className={styles['branches']}
        data-dense={dense}
        role="group"
        aria-label={`Branches of ${tenant}`}
      >
        {branches.map((branch) => {
          const cell = cells.get(branch.key);
          if (!cell) return null;
          const scope: Scope = { kind: 'BRANCH', key: branch.key };
          const label = `${branch.label}: ${valueLabel(cell)}, ${sourceWords(cell, branch)}`;
          const button = (
            <UnstyledButton
              key={branch.key}
              className={styles['branch'] ?? ''}
              data-branch={branch.key}
              data-value={valueIndex({ enabled: cell.enabled, variant: cell.variant, variants }) % 5}
              data-own={isOwn(cell, branch)}
              data-selected={selected !== undefined && formatScope(selected) === formatScope(scope)}
              aria-label={label}
              title={dense ? label : undefined}
              onClick={() => onSelect(scope)}
            >
              {!dense && branch.label}
            </UnstyledButton>
          );
          // A tooltip a cell is too much for a thousand cells: there the browser's own does.
          return dense ? (
            button
          ) : (
            <Tooltip key={branch.key} label={label}>
              {button}
            </Tooltip>
          );
        })}
      </div>
      {all > branches.length && (
        <div className={styles['note']}>
          The first {formatNumber(branches.length)} of {formatNumber(all)} branches. The matrix has them all;
          the form on the right reaches any of them.
        </div>
      )}
    </>
  );
}

function Legend({ flag }: { flag: FlagDetail }) {
  const values =
    flag.kind === 'VARIANT'
      ? flag.variants.map(({ name }) => ({ enabled: true, variant: name }))
      : [
          { enabled: false, variant: null },
          { enabled: true, variant: null },
        ];
  const variants = flag.variants.map(({ name }) => name);
  return (
    <div className={styles['legend']} aria-label="Legend">
      {values.map((value) => (
        <FlagValue key={valueLabel(value)} {...value} variants={variants} />
      ))}
      <span className={styles['legendOwn']}>
        <i aria-hidden="true" /> rule of its own
      </span>
    </div>
  );
}
