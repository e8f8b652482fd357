import { rowsOf, type Transaction } from '#platform';
import { segmentsOf, type WantedChange } from '../change-requests/flag-change.js';
import type { FlagRule, RiskClass } from '../flag.js';
import { segmentsById } from '../flag-strategies.store.js';
import { findFlag, toRule, type RuleRow } from '../flags.store.js';
import { scopeSubject } from '../scope-subject.store.js';
import { LintRefusedError } from './lint.errors.js';
import { lintRule, type LintedConstraint, type LintFinding } from './lint-rule.js';

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

/** What a segment's new constraints bring about in the rules that refer to it, in every environment. */
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
    const before = (await lintPlaced(tx, placed)).map(({ code, message }) => `${code} ${message}`);
    const after = await lintPlaced(tx, placed, new Map([[segment, constraints]]));
    for (const finding of after)
      if (!before.includes(`${finding.code} ${finding.message}`))
        findings.push({ ...finding, field: 'constraints', flag: row.flag_key });
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
  const stored = await segmentsById(tx, rule.segments ?? []);
  const segments = new Map(
    [...stored].map(([id, { constraints }]) => [id, rewritten.get(id) ?? constraints] as const),
  );
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
