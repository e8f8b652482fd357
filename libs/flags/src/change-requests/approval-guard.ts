import { rowsOf, type Transaction } from '#platform';
import { scopeKinds, specificity, type FlagScope, type RiskClass } from '../flag.js';
import { ChangeRequestRequiredError } from './change-requests.errors.js';

/** A change of a flag as the policy looks at it. */
export interface GuardedChange {
  flag: string;
  riskClass: RiskClass;
  environment: string;
  /** false: it can only turn off, which is always allowed at once. */
  opens: boolean;
  /** By what right, if there is one: `change-request/<id>`, `release/<id>` or `deployment`. */
  approval: string | undefined;
  /** What opens a change request for it, for the refusal. */
  command: string;
}

/**
 * Lets a change through if no approval is needed, if it has one, or if it only turns off. The database checks the same
 * again: it is told in this transaction by what right the change is made.
 * @returns whether the change is an emergency: let through without the approval that turning on would need.
 * @throws ChangeRequestRequiredError CHANGE_REQUEST_REQUIRED
 */
export async function authorise(tx: Transaction, change: GuardedChange): Promise<boolean> {
  const needed = await approvalsNeeded(tx, change.environment, change.riskClass);
  if (needed === 0) return false;
  if (change.approval === undefined && change.opens)
    throw new ChangeRequestRequiredError(change.flag, change.environment, needed, change.command);
  await declareApproval(tx, change.approval ?? 'emergency');
  return change.approval === undefined;
}

/** Tells the database, until the end of the transaction, by what right flags are changed. */
export async function declareApproval(tx: Transaction, approval: string): Promise<void> {
  await tx.query(`select set_config('tierdeck.approval', $1, true)`, [approval]);
}

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

/** The environment that wants the most approvals for flags of this risk class: what a flag is shows in all of them. */
export async function strictestEnvironment(tx: Transaction, riskClass: RiskClass): Promise<string> {
  const [row] = await rowsOf<{ name: string }>(
    tx,
    'select name from environment order by approvals_needed(name, $1) desc, position limit 1',
    [riskClass],
  );
  return row?.name ?? 'production';
}

/** Whether taking this rule away could turn something on: a less specific rule that is on comes through. */
export async function clearingOpens(
  tx: Transaction,
  at: { flag: string; environment: string; scope: FlagScope },
): Promise<boolean> {
  const [row] = await rowsOf<{ opens: boolean }>(
    tx,
    `select exists (select from flag_rule
       where flag_key = $1 and environment = $2 and enabled and scope_kind = any($3)) as opens`,
    [at.flag, at.environment, scopeKinds.slice(0, specificity(at.scope.kind))],
  );
  return row?.opens ?? false;
}

/** The command that opens a change request for a rule. */
export function openCommand(flag: string, value: string, environment: string, scope?: FlagScope): string {
  const where = !scope || scope.kind === 'ENVIRONMENT' ? '' : ` --${scope.kind.toLowerCase()} ${scope.key}`;
  return `tierdeck change-request open ${flag} ${value} --env ${environment}${where}`;
}
