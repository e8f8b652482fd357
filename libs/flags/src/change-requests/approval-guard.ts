import { rowsOf, type Transaction } from '#platform';
import type { FlagScope, RiskClass } from '../flag.js';
import {
  ChangeRequestRequiredError,
  FlagAwaitedError,
  ReleaseNotApprovedError,
} from './change-requests.errors.js';

/** A change of a flag as the policy looks at it. */
export interface GuardedChange {
  flag: string;
  environment: string;
  /** false: it can only turn off, which is always allowed at once. */
  opens: boolean;
  /** By what right, if there is one: `change-request/<id>`, `release/<id>` or `deployment`. */
  approval: string | undefined;
  /** What opens a change request for it, for the refusal. */
  command: string;
}

/**
 * Lets a change through if no approval is needed, if it has one, or if it only turns off. A flag needs what the strictest
 * of the flags that depend on it needs; one that a guarded flag wants to be off is not turned off at once. The database checks the same
 * again: it is told in this transaction by what right the change is made.
 * @returns whether the change is an emergency: let through without the approval that turning on would need.
 * @throws ChangeRequestRequiredError CHANGE_REQUEST_REQUIRED, ReleaseNotApprovedError APPROVAL_NEEDED
 */
export async function authorise(tx: Transaction, change: GuardedChange): Promise<boolean> {
  const { flag, environment, opens, approval, command } = change;
  const needed = await flagApprovalsNeeded(tx, flag, environment);
  if (needed === 0) return false;
  if (approval === undefined && (opens || (await offOpens(tx, flag, environment)))) {
    const dependents = await guardedDependents(tx, flag, environment);
    throw new ChangeRequestRequiredError(flag, environment, needed, command, dependents);
  }
  if (approval?.startsWith(releasePrefix) && !(await releaseCovers(tx, approval, flag, environment)))
    throw new ReleaseNotApprovedError(approval.slice(releasePrefix.length), flag, environment);
  await declareApproval(tx, approval ?? 'emergency');
  return approval === undefined;
}

const releasePrefix = 'release/';

/** Whether a release may change a flag: the flag may have become financial while the release was under way. */
async function releaseCovers(
  tx: Transaction,
  approval: string,
  flag: string,
  environment: string,
): Promise<boolean> {
  const [row] = await rowsOf<{ covers: boolean }>(tx, 'select release_covers($1, $2, $3) as covers', [
    approval.slice(releasePrefix.length),
    flag,
    environment,
  ]);
  return row?.covers ?? false;
}

/**
 * Lets a new flag be made, unless a guarded one depends on a flag of its key: that one would perhaps be turned on.
 * @throws FlagAwaitedError FLAG_AWAITED
 */
export async function authoriseCreation(
  tx: Transaction,
  flag: string,
  approval: string | undefined,
): Promise<void> {
  const waiting = await guardedDependents(tx, flag, null);
  if (waiting.length === 0) return;
  if (approval === undefined) throw new FlagAwaitedError(flag, waiting);
  await declareApproval(tx, approval);
}

/** Tells the database, until the end of the transaction, by what right flags are changed. */
export async function declareApproval(tx: Transaction, approval: string): Promise<void> {
  await tx.query(`select set_config('tierdeck.approval', $1, true)`, [approval]);
}

/** What the policy wants for a risk class. */
export async function approvalsNeeded(
  tx: Transaction,
  environment: string,
  riskClass: RiskClass,
): Promise<number> {
  const [row] = await rowsOf<{ needed: number }>(tx, 'select approvals_needed($1, $2) as needed', [
    environment,
    riskClass,
  ]);
  return row?.needed ?? 0;
}

/** What a change of this flag needs: as much as the strictest of the flag and those that depend on it. */
async function flagApprovalsNeeded(tx: Transaction, flag: string, environment: string): Promise<number> {
  const [row] = await rowsOf<{ needed: number }>(tx, 'select flag_approvals_needed($1, $2) as needed', [
    flag,
    environment,
  ]);
  return row?.needed ?? 0;
}

/** Whether a guarded flag is on only while this one is off. */
async function offOpens(tx: Transaction, flag: string, environment: string): Promise<boolean> {
  const [row] = await rowsOf<{ opens: boolean }>(tx, 'select flag_off_opens($1, $2) as opens', [
    flag,
    environment,
  ]);
  return row?.opens ?? false;
}

const maxDependents = 5;

/**
 * Some of the other flags for whose sake a change of this one needs approval.
 * @param environment null: in any.
 */
async function guardedDependents(
  tx: Transaction,
  flag: string,
  environment: string | null,
): Promise<string[]> {
  const rows = await rowsOf<{ key: string }>(
    tx,
    `select distinct d.key from flag_and_dependents($1) d join environment e on e.name = coalesce($2, e.name)
     where d.key <> $1 and approvals_needed(e.name, d.risk_class) > 0 order by d.key limit $3`,
    [flag, environment, maxDependents],
  );
  return rows.map(({ key }) => key);
}

/** FINANCIAL if the flag is, or one that depends on it. */
export async function strictestRiskClass(tx: Transaction, flag: string): Promise<RiskClass> {
  const [row] = await rowsOf<{ financial: boolean }>(
    tx,
    `select bool_or(risk_class = 'FINANCIAL') as financial from flag_and_dependents($1)`,
    [flag],
  );
  return row?.financial ? 'FINANCIAL' : 'STANDARD';
}

/** The environment that wants the most approvals for this flag: what a flag is shows in all of them. */
export async function strictestEnvironment(tx: Transaction, flag: string): Promise<string> {
  const [row] = await rowsOf<{ name: string }>(
    tx,
    'select name from environment order by flag_approvals_needed($1, name) desc, position limit 1',
    [flag],
  );
  return row?.name ?? 'production';
}

/** Whether taking this rule away could turn something on: a less specific rule that is on, or strategies, come through. */
export async function clearingOpens(
  tx: Transaction,
  at: { flag: string; environment: string; scope: FlagScope },
): Promise<boolean> {
  const [row] = await rowsOf<{ opens: boolean }>(tx, 'select flag_rule_keeps_away($1, $2, $3) as opens', [
    at.flag,
    at.environment,
    at.scope.kind,
  ]);
  return row?.opens ?? false;
}
