import type { Transaction } from '#platform';
import { ruleValue } from '../flag.js';
import { strategiesOf } from '../flag-strategies.store.js';
import { environmentState, findFlag, findRule, lockFlag, type FlagRecord } from '../flags.store.js';
import { findSegment, lockSegment, SegmentNotFoundError, type Segment } from '../segments.store.js';
import type { Conflict } from './change-requests.errors.js';
import type { ChangeRequest } from './change-request.js';
import { describeChange } from './describe-change.js';
import {
  flagsOf,
  sameValue,
  segmentsOf,
  type DefinitionChange,
  type FlagChange,
  type WantedChange,
} from './flag-change.js';
import { editedReferences, segmentNames } from './references.js';

/**
 * A change with what is there now.
 * @param flag the flag that it names.
 * @throws SegmentNotFoundError
 */
export async function changeBase(
  tx: Transaction,
  environment: string,
  flag: FlagRecord | undefined,
  change: WantedChange,
): Promise<FlagChange> {
  switch (change.kind) {
    case 'SET_RULE':
    case 'CLEAR_RULE': {
      const rule = await findRule(tx, { flag: change.flag, environment, scope: change.scope });
      return { ...change, base: rule ? ruleValue(rule) : null };
    }
    case 'SET_ENABLED':
      return { ...change, base: (await environmentState(tx, change.flag, environment)).enabled };
    case 'SET_STRATEGIES':
      return { ...change, base: await strategiesOf(tx, change.flag, environment) };
    case 'UPDATE_FLAG':
      return { ...change, base: definitionBase(flag, change.definition) };
    case 'ARCHIVE_FLAG':
      return { ...change, base: flag?.archived ?? false };
    case 'UPDATE_SEGMENT': {
      const segment = await findSegment(tx, change.segment);
      if (!segment) throw new SegmentNotFoundError(change.segment);
      return { ...change, base: { name: segment.name, constraints: segment.constraints } };
    }
  }
}

/**
 * What no longer is as it was when the draft was made.
 * @param lock holds flags and segments, so that it stays so in this transaction.
 */
export async function findConflicts(
  tx: Transaction,
  { environment, changes, refersTo }: Pick<ChangeRequest, 'environment' | 'changes' | 'refersTo'>,
  lock: boolean,
): Promise<Conflict[]> {
  // In one order, so that two requests cannot lock each other out.
  const segments = new Map<number, Segment>();
  const rewritten = segmentsOf(changes).map(({ segment }) => segment);
  const named = refersTo.flatMap((one) => ('segment' in one ? one.segment : []));
  for (const id of inOrder([...rewritten, ...named], (a, b) => a - b)) {
    const segment = await (lock ? lockSegment(tx, id) : findSegment(tx, id));
    if (segment) segments.set(id, segment);
  }
  const flags = new Map<string, FlagRecord>();
  const parents = refersTo.flatMap((one) => ('flag' in one ? one.flag : []));
  for (const key of inOrder([...flagsOf(changes), ...parents])) {
    const flag = await (lock ? lockFlag(tx, key) : findFlag(tx, key));
    if (flag && !flag.archived) flags.set(key, flag);
  }
  const conflicts = await editedReferences(tx, changes, refersTo);
  const names = await segmentNames(tx, changes, refersTo);
  for (const [index, change] of changes.entries()) {
    const ofFlag = 'flag' in change;
    const flag = ofFlag ? flags.get(change.flag) : undefined;
    const there = ofFlag ? flag !== undefined : segments.has(change.segment);
    const now = there ? await changeBase(tx, environment, flag, change) : undefined;
    if (now && sameValue(now.base, change.base)) continue;
    const gone = ofFlag ? 'an archived flag' : 'a deleted segment';
    conflicts.push({
      field: `changes.${index}`,
      change: describeChange(change, names),
      expected: JSON.stringify(change.base),
      found: now ? JSON.stringify(now.base) : gone,
    });
  }
  return conflicts;
}

function inOrder<T>(items: readonly T[], compare?: (a: T, b: T) => number): T[] {
  return [...new Set(items)].sort(compare);
}

function definitionBase(flag: FlagRecord | undefined, definition: DefinitionChange): DefinitionChange {
  const names = Object.keys(definition) as (keyof DefinitionChange)[];
  return Object.fromEntries(names.map((name) => [name, flag?.[name]]));
}
