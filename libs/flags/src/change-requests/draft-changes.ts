import { InvalidInputError, type Transaction } from '#platform';
import { checkConstraints } from '../condition-rules.js';
import { ruleValue } from '../flag.js';
import { checkContent, plainVariant } from '../flag-content.js';
import { checkRule, checkScope } from '../flag-rules.js';
import { checkSegments, checkStrategies, checkStrategyConstraints } from '../flag-strategies.store.js';
import { FlagArchivedError, FlagNotFoundError, ScopeNotFoundError } from '../flags.errors.js';
import { findFlag, type FlagRecord } from '../flags.store.js';
import { scopeSubject } from '../scope-subject.store.js';
import { maxChanges } from './change-request.js';
import { changeBase } from './change-base.js';
import { targetOf, type FlagChange, type WantedChange } from './flag-change.js';

/**
 * Checks wanted changes and notes down what is there now for each.
 * @throws FlagNotFoundError, SegmentNotFoundError, FlagArchivedError, FlagInvalidError, ScopeNotFoundError,
 *   InvalidInputError
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
    const flag = 'flag' in change ? await flagInUse(tx, change.flag) : undefined;
    await check(tx, flag && definitionAfter(flag, wanted), change);
    drafted.push(await changeBase(tx, environment, flag, inOneForm(change)));
  }
  return drafted;
}

async function flagInUse(tx: Transaction, key: string): Promise<FlagRecord> {
  const flag = await findFlag(tx, key);
  if (!flag) throw new FlagNotFoundError(key);
  if (flag.archived) throw new FlagArchivedError(key);
  return flag;
}

async function check(tx: Transaction, flag: FlagRecord | undefined, change: WantedChange): Promise<void> {
  switch (change.kind) {
    case 'UPDATE_SEGMENT':
      checkConstraints(change.constraints, 'constraints');
      return;
    case 'UPDATE_FLAG':
      if (flag) await checkContent(tx, flag, 'STORED');
      return;
    case 'CLEAR_RULE':
      checkScope(change.scope);
      return;
    case 'SET_RULE': {
      if (flag) checkRule(flag, { scope: change.scope, ...change.rule });
      await checkSegments(tx, change.rule.segments ?? []);
      const { exists } = await scopeSubject(tx, change.scope);
      if (!exists) throw new ScopeNotFoundError(change.scope, 'tierdeck get tenants');
      return;
    }
    case 'SET_STRATEGIES':
      if (flag) await checkStrategies(tx, flag, change.strategies);
      checkStrategyConstraints(change.strategies.strategies);
      return;
    case 'SET_ENABLED':
    case 'ARCHIVE_FLAG':
  }
}

/** The flag as it is once the request's own changes of what it is are made: rules may name a variant that comes with it. */
function definitionAfter(flag: FlagRecord, wanted: readonly WantedChange[]): FlagRecord {
  const update = wanted.find((one) => one.kind === 'UPDATE_FLAG' && one.flag === flag.key);
  return update?.kind === 'UPDATE_FLAG' ? { ...flag, ...update.definition } : flag;
}

/** Equal values have equal digests, and are stored as they are written here. */
function inOneForm(change: WantedChange): WantedChange {
  if (change.kind === 'SET_RULE') return { ...change, rule: ruleValue(change.rule) };
  const variants = change.kind === 'UPDATE_FLAG' ? change.definition.variants : undefined;
  if (change.kind !== 'UPDATE_FLAG' || !variants) return change;
  return { ...change, definition: { ...change.definition, variants: variants.map(plainVariant) } };
}
