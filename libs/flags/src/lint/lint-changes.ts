import { ConflictError, rowsOf, type Transaction } from '#platform';
import type { WantedChange } from '../change-requests/flag-change.js';
import type { FlagRule, FlagScope, RiskClass } from '../flag.js';
import { findFlag } from '../flags.store.js';
import { scopeSubject } from '../scope-subject.store.js';
import { lintRule, type LintFinding } from './lint-rule.js';

/** What the lint found in one of several changes. */
export interface ChangeFinding extends LintFinding {
  /** The change's place, from 0. */
  change: number;
  flag: string;
}

/** What the lint says of rules that would be set; of flags that do not exist it says nothing. */
export async function lintChanges(
  tx: Transaction,
  environment: string,
  changes: readonly WantedChange[],
): Promise<ChangeFinding[]> {
  const findings: ChangeFinding[] = [];
  for (const [index, change] of changes.entries()) {
    if (change.kind !== 'SET_RULE') continue;
    const flag = await findFlag(tx, change.flag);
    if (!flag) continue;
    const found = await lintOne(tx, environment, flag.riskClass, { ...change.rule, scope: change.scope });
    findings.push(...found.map((finding) => ({ ...finding, change: index, flag: flag.key })));
  }
  return findings;
}

async function lintOne(
  tx: Transaction,
  environment: string,
  riskClass: RiskClass,
  rule: FlagRule,
): Promise<LintFinding[]> {
  const [row] = await rowsOf<{ kind: string; now: Date }>(
    tx,
    'select kind, clock_timestamp() as now from environment where name = $1',
    [environment],
  );
  return lintRule(rule, {
    scope: rule.scope,
    riskClass,
    production: row?.kind === 'PRODUCTION',
    scopeExists: await exists(tx, rule.scope),
    now: row?.now ?? new Date(),
  });
}

async function exists(tx: Transaction, scope: FlagScope): Promise<boolean> {
  return (await scopeSubject(tx, scope)).exists;
}

/** The lint found what would open by accident, and nobody said why it is wanted. */
export class LintRefusedError extends ConflictError {
  constructor(findings: readonly (LintFinding & { change?: number })[]) {
    const [first] = findings;
    super('LINT_REFUSED', `${first?.code ?? ''}: ${first?.message ?? ''}`, {
      field: first?.change === undefined ? (first?.field ?? '') : `changes.${first.change}.${first.field}`,
      hint: `${first?.hint ?? ''} If it is wanted as it is, say why in lintOverride.`,
      details: { findings },
    });
  }
}

/** @throws LintRefusedError LINT_REFUSED for errors, unless there is a reason for them. */
export function refuseErrors(findings: readonly ChangeFinding[], override: string | null | undefined): void {
  const errors = findings.filter(({ severity }) => severity === 'ERROR');
  if (errors.length > 0 && !override) throw new LintRefusedError(errors);
}
