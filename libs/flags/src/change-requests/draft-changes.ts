import { InvalidInputError, type Transaction } from '#platform';
import { ruleValue, type FlagDefinition, type RiskClass } from '../flag.js';
import { checkDefinition, checkRule, checkScope } from '../flag-rules.js';
import { FlagArchivedError, FlagNotFoundError, ScopeNotFoundError } from '../flags.errors.js';
import { environmentState, findFlag, findRule, lockFlag, type FlagRecord } from '../flags.store.js';
import { scopeSubject } from '../scope-subject.store.js';
import { maxChanges } from './change-request.js';
import type { Conflict } from './change-requests.errors.js';
import {
  describeChange,
  sameValue,
  targetOf,
  type DefinitionChange,
  type FlagChange,
  type RuleValue,
  type WantedChange,
} from './flag-change.js';

/**
 * Checks wanted changes and notes down what is there now for each.
 * @throws FlagNotFoundError, FlagArchivedError, FlagInvalidError, ScopeNotFoundError, InvalidInputError
 */
export async function draftChanges(
  tx: Transaction,
  environment: string,
  wanted: readonly WantedChange[],
): Promise<FlagChange[]> {
  if (wanted.length < 1 || wanted.length > maxChanges)
    throw new InvalidInputError(`A change request has 1 to ${maxChanges} changes.`, { field: 'changes' });
  const seen = new Map<string, number>();
  const drafted: FlagChange[] = [];
  for (const [index, change] of wanted.entries()) {
    const before = seen.get(targetOf(change));
    if (before !== undefined)
      throw new InvalidInputError(`Changes ${before + 1} and ${index + 1} are of the same thing.`, {
        field: `changes.${index}`,
      });
    seen.set(targetOf(change), index);
    const flag = await findFlag(tx, change.flag);
    if (!flag) throw new FlagNotFoundError(change.flag);
    if (flag.archived) throw new FlagArchivedError(change.flag);
    await check(tx, definitionAfter(flag, wanted), change);
    drafted.push(await withBase(tx, environment, flag, change));
  }
  return drafted;
}

/**
 * What no longer is as it was when the draft was made.
 * @param lock holds the flags, so that it stays so in this transaction.
 */
export async function findConflicts(
  tx: Transaction,
  environment: string,
  changes: readonly FlagChange[],
  lock: boolean,
): Promise<Conflict[]> {
  const flags = new Map<string, FlagRecord>();
  // In one order, so that two requests cannot lock each other out.
  for (const key of [...new Set(changes.map((change) => change.flag))].sort()) {
    const flag = await (lock ? lockFlag(tx, key) : findFlag(tx, key));
    if (flag && !flag.archived) flags.set(key, flag);
  }
  const conflicts: Conflict[] = [];
  for (const [index, change] of changes.entries()) {
    const flag = flags.get(change.flag);
    const now = flag && (await withBase(tx, environment, flag, change));
    if (now && sameValue(now.base, change.base)) continue;
    conflicts.push({
      field: `changes.${index}`,
      change: describeChange(change),
      expected: JSON.stringify(change.base),
      found: now ? JSON.stringify(now.base) : 'an archived flag',
    });
  }
  return conflicts;
}

async function check(tx: Transaction, flag: FlagDefinition, change: WantedChange): Promise<void> {
  if (change.kind === 'UPDATE_FLAG') checkDefinition(flag);
  if (change.kind === 'CLEAR_RULE') checkScope(change.scope);
  if (change.kind !== 'SET_RULE') return;
  checkRule(flag, { scope: change.scope, ...change.rule });
  const { exists } = await scopeSubject(tx, change.scope);
  if (!exists) throw new ScopeNotFoundError(change.scope, 'tierdeck get tenants');
}

/** The flag as it is once the request's own changes of what it is are made: rules may name a variant that comes with it. */
function definitionAfter(flag: FlagRecord, wanted: readonly WantedChange[]): FlagRecord {
  const update = wanted.find((one) => one.kind === 'UPDATE_FLAG' && one.flag === flag.key);
  return update?.kind === 'UPDATE_FLAG' ? { ...flag, ...update.definition } : flag;
}

async function withBase(
  tx: Transaction,
  environment: string,
  flag: FlagRecord,
  change: WantedChange,
): Promise<FlagChange> {
  switch (change.kind) {
    case 'SET_RULE':
    case 'CLEAR_RULE': {
      const rule = await findRule(tx, { flag: change.flag, environment, scope: change.scope });
      return { ...change, base: rule ? valueOfRule(rule) : null };
    }
    case 'SET_ENABLED':
      return { ...change, base: (await environmentState(tx, change.flag, environment)).enabled };
    case 'UPDATE_FLAG':
      return { ...change, base: definitionBase(flag, change.definition) };
  }
}

/** What a stored rule decides: everything that a reader of the flag can see. */
export function valueOfRule(rule: RuleValue): RuleValue {
  return ruleValue(rule);
}

function definitionBase(flag: FlagRecord, definition: DefinitionChange): DefinitionChange {
  const now: Required<DefinitionChange> = {
    riskClass: flag.riskClass satisfies RiskClass,
    variants: flag.variants,
    defaultVariant: flag.defaultVariant,
  };
  const names = Object.keys(definition) as (keyof DefinitionChange)[];
  return Object.fromEntries(names.map((name) => [name, now[name]]));
}
