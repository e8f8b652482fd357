import { rowsOf, type Transaction } from '#platform';
import { segmentsOf, type WantedChange } from '../change-requests/flag-change.js';
import type { FlagRule, RiskClass } from '../flag.js';
import type { UnleashStrategy } from '../compiler/index.js';
import { segmentsById, segmentsOfStrategies, strategiesOf } from '../flag-strategies.store.js';
import { findFlag, toRule, type RuleRow } from '../flags.store.js';
import { scopeSubject } from '../scope-subject.store.js';
import { LintRefusedError } from './lint.errors.js';
import { lintRule, type LintedConstraint, type LintFinding } from './lint-rule.js';
import { lintStrategies } from './lint-strategies.js';

/** What the lint found in one of several changes. */
export interface ChangeFinding extends LintFinding {
  /** The change's place, from 0. */
  change: number;
  flag: string;
}

/** A rule where it would be set. */
export interface PlacedRule {
  environment: string;
  riskClass: RiskClass;
  rule: FlagRule;
}

type SegmentConstraints = ReadonlyMap<number, readonly LintedConstraint[]>;

/** What the lint says of rules that would be set or decided otherwise; of flags that do not exist it says nothing. */
export async function lintChanges(
  tx: Transaction,
  environment: string,
  changes: readonly WantedChange[],
): Promise<ChangeFinding[]> {
  const rewritten = new Map(segmentsOf(changes).map(({ segment, constraints }) => [segment, constraints]));
  const findings: ChangeFinding[] = [];
  for (const [index, change] of changes.entries()) {
    if (change.kind === 'UPDATE_SEGMENT') {
      const found = await lintSegment(tx, change.segment, change.constraints);
      findings.push(...found.map((finding) => ({ ...finding, change: index })));
    }
    if (change.kind === 'SET_STRATEGIES') {
      const { flag, strategies } = change;
      const found = await lintNewStrategies(tx, { flag, environment, ...strategies }, rewritten);
      findings.push(...found.map((finding) => ({ ...finding, change: index, flag })));
    }
    if (change.kind !== 'SET_RULE') continue;
    const flag = await findFlag(tx, change.flag);
    if (!flag) continue;
    const rule = { ...change.rule, scope: change.scope };
    const found = await lintPlaced(tx, { environment, riskClass: flag.riskClass, rule }, rewritten);
    findings.push(...found.map((finding) => ({ ...finding, change: index, flag: flag.key })));
  }
  return findings;
}

/**
 * Refuses a rule that opens by accident, unless somebody says why it is wanted.
 * @throws LintRefusedError LINT_REFUSED
 */
export async function refuseAccident(
  tx: Transaction,
  placed: PlacedRule,
  override: string | null | undefined,
): Promise<void> {
  if (override) return;
  const errors = (await lintPlaced(tx, placed)).filter(({ severity }) => severity === 'ERROR');
  if (errors.length > 0) throw new LintRefusedError(errors);
}

interface PlacedStrategies {
  flag: string;
  environment: string;
  strategies: readonly UnleashStrategy[] | null;
}

/**
 * As {@link refuseAccident}, of strategies.
 * @throws LintRefusedError LINT_REFUSED
 */
export async function refuseAccidentOfStrategies(
  tx: Transaction,
  placed: PlacedStrategies,
  override: string | null | undefined,
): Promise<void> {
  if (override) return;
  const errors = (await lintNewStrategies(tx, placed)).filter(({ severity }) => severity === 'ERROR');
  if (errors.length > 0) throw new LintRefusedError(errors);
}

/** What was there before, from an import for one, is not held against whoever changes something else. */
async function lintNewStrategies(
  tx: Transaction,
  { flag, environment, strategies }: PlacedStrategies,
  rewritten: SegmentConstraints = new Map(),
): Promise<LintFinding[]> {
  const stored = (await strategiesOf(tx, flag, environment)).strategies;
  return newFindings(await lintStored(tx, stored), await lintStored(tx, strategies, rewritten));
}

async function lintStored(
  tx: Transaction,
  strategies: readonly UnleashStrategy[] | null,
  rewritten: SegmentConstraints = new Map(),
): Promise<LintFinding[]> {
  if (!strategies) return [];
  return lintStrategies(strategies, await constraintsOf(tx, segmentsOfStrategies(strategies), rewritten));
}

/** Those whose message was not there before. */
function newFindings(before: readonly LintFinding[], after: readonly LintFinding[]): LintFinding[] {
  const known = new Set(before.map(({ code, message }) => `${code} ${message}`));
  return after.filter(({ code, message }) => !known.has(`${code} ${message}`));
}

/** What segments say, or would say. */
async function constraintsOf(
  tx: Transaction,
  ids: readonly number[],
  rewritten: SegmentConstraints,
): Promise<SegmentConstraints> {
  const stored = await segmentsById(tx, ids);
  return new Map([...stored].map(([id, { constraints }]) => [id, rewritten.get(id) ?? constraints] as const));
}

/** What a segment's new constraints bring about in the rules and strategies that refer to it, in every environment. */
export async function lintSegment(
  tx: Transaction,
  segment: number,
  constraints: readonly LintedConstraint[],
): Promise<(LintFinding & { flag: string })[]> {
  const rows = await rowsOf<RuleRow & { risk_class: RiskClass }>(
    tx,
    `select r.*, f.risk_class from flag_rule r join flag f on f.key = r.flag_key
     where $1 = any(r.segments) and f.archived_at is null order by r.flag_key, r.environment`,
    [segment],
  );
  const findings: (LintFinding & { flag: string })[] = [];
  for (const row of rows) {
    const placed = { environment: row.environment, riskClass: row.risk_class, rule: toRule(row) };
    const before = await lintPlaced(tx, placed);
    const after = await lintPlaced(tx, placed, new Map([[segment, constraints]]));
    for (const finding of newFindings(before, after))
      findings.push({ ...finding, field: 'constraints', flag: row.flag_key });
  }
  const decided = await rowsOf<{ flag_key: string; strategies: UnleashStrategy[] }>(
    tx,
    `select e.flag_key, e.strategies from flag_environment e join flag f on f.key = e.flag_key
     where jsonb_path_exists(e.strategies, '$[*].segments[*] ? (@ == $id)', jsonb_build_object('id', $1::int))
       and f.archived_at is null order by e.flag_key, e.environment`,
    [segment],
  );
  for (const { flag_key: flag, strategies } of decided) {
    const after = await lintStored(tx, strategies, new Map([[segment, constraints]]));
    for (const finding of newFindings(await lintStored(tx, strategies), after))
      findings.push({ ...finding, field: 'constraints', flag });
  }
  return findings;
}

/** @param rewritten what segments say instead of what is stored. */
async function lintPlaced(
  tx: Transaction,
  { environment, riskClass, rule }: PlacedRule,
  rewritten: SegmentConstraints = new Map(),
): Promise<LintFinding[]> {
  const [row] = await rowsOf<{ kind: string; now: Date }>(
    tx,
    'select kind, clock_timestamp() as now from environment where name = $1',
    [environment],
  );
  const segments = await constraintsOf(tx, rule.segments ?? [], rewritten);
  return lintRule(rule, {
    scope: rule.scope,
    riskClass,
    production: row?.kind === 'PRODUCTION',
    scopeExists: (await scopeSubject(tx, rule.scope)).exists,
    segments,
    now: row?.now ?? new Date(),
  });
}

/** @throws LintRefusedError LINT_REFUSED for errors, unless there is a reason for them. */
export function refuseErrors(findings: readonly ChangeFinding[], override: string | null | undefined): void {
  const errors = findings.filter(({ severity }) => severity === 'ERROR');
  if (errors.length > 0 && !override) throw new LintRefusedError(errors);
}
