import { rowsOf, type Transaction } from '#platform';
import {
  compileFeature,
  maxStrategies,
  TooManyStrategiesError,
  type UnleashSegment,
  type UnleashStrategy,
  type UnleashVariant,
} from './compiler/index.js';
import { checkConstraints } from './condition-rules.js';
import { FlagInvalidError } from './flags.errors.js';
import { toRule, type FlagRecord, type RuleRow } from './flags.store.js';

export interface EnvironmentStrategies {
  strategies: readonly UnleashStrategy[] | null;
  variants: readonly UnleashVariant[];
}

export async function strategiesOf(
  tx: Transaction,
  key: string,
  environment: string,
): Promise<EnvironmentStrategies> {
  const [row] = await rowsOf<EnvironmentStrategies>(
    tx,
    'select strategies, variants from flag_environment where flag_key = $1 and environment = $2',
    [key, environment],
  );
  return row ?? { strategies: null, variants: [] };
}

export async function setStrategies(
  tx: Transaction,
  at: { flag: string; environment: string },
  { strategies, variants }: EnvironmentStrategies,
): Promise<void> {
  await tx.query(
    'update flag_environment set strategies = $3, variants = $4 where flag_key = $1 and environment = $2',
    [
      at.flag,
      at.environment,
      strategies === null ? null : JSON.stringify(strategies),
      JSON.stringify(variants),
    ],
  );
}

/** Numbers that a segment can have. */
const maxSegmentId = 2 ** 31 - 1;

/**
 * The segments that strategies refer to. A number below zero is nobody's, ever: imported strategies whose segment did not
 * come along have one, and never hold.
 */
export function segmentsOfStrategies(strategies: readonly UnleashStrategy[] | null): number[] {
  return (strategies ?? []).flatMap(({ segments = [] }) => segments.filter((id) => id >= 0));
}

/**
 * Checks what strategies refer to, and that a BOOLEAN flag gets no variants by them.
 * @throws FlagInvalidError INVALID_INPUT
 */
export async function checkStrategies(
  tx: Transaction,
  { key, kind }: Pick<FlagRecord, 'key' | 'kind'>,
  { strategies, variants }: EnvironmentStrategies,
): Promise<void> {
  const varied = variants.length > 0 || strategies?.some((strategy) => strategy.variants.length > 0);
  if (kind === 'BOOLEAN' && varied)
    throw new FlagInvalidError(
      `"${key}" is a BOOLEAN flag: it is on or off, and has no variants.`,
      'variants',
      'Make a VARIANT flag for them.',
    );
  await checkSegments(tx, segmentsOfStrategies(strategies));
}

/**
 * For strategies that somebody writes here. What another system had is taken as it is: SDKs answer something there too.
 * @throws FlagInvalidError INVALID_INPUT with the field, for constraints that could never hold.
 */
export function checkStrategyConstraints(strategies: EnvironmentStrategies['strategies']): void {
  for (const [index, { constraints }] of (strategies ?? []).entries())
    checkConstraints(constraints, `strategies.${index}.constraints`);
}

/** Held until the end of the transaction: a segment in use is not deleted. @throws FlagInvalidError INVALID_INPUT */
export async function checkSegments(tx: Transaction, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const found = await segmentsById(tx, ids);
  const missing = ids.find((id) => !found.has(id));
  if (missing !== undefined)
    throw new FlagInvalidError(`There is no segment ${missing}.`, 'segments', 'tierdeck get segments');
}

export async function segmentsById(
  tx: Transaction,
  ids: readonly number[],
): Promise<Map<number, UnleashSegment>> {
  const rows = await rowsOf<UnleashSegment>(
    tx,
    'select id, name, constraints from segment where id = any($1) and deleted_at is null order by id for share',
    [ids.filter((id) => id > 0 && id <= maxSegmentId)],
  );
  return new Map(rows.map((segment) => [segment.id, segment]));
}

/**
 * Refuses rules that no SDK should have to evaluate.
 * @throws FlagInvalidError INVALID_INPUT if they need too many strategies.
 */
export async function checkCompiles(tx: Transaction, flag: FlagRecord, environment: string): Promise<void> {
  const rows = await rowsOf<RuleRow>(tx, 'select * from flag_rule where flag_key = $1 and environment = $2', [
    flag.key,
    environment,
  ]);
  // Rules without conditions compile to a strategy a kind and value: nothing to multiply.
  const conditional = rows.some(
    ({ constraints, segments, starts_at: starts, ends_at: ends }) =>
      constraints.length > 0 || segments.length > 0 || starts !== null || ends !== null,
  );
  if (!conditional && rows.length < maxStrategies) return;
  const rules = rows.map(toRule);
  const segments = await segmentsById(
    tx,
    rules.flatMap(({ segments: ids = [] }) => ids),
  );
  const { strategies, variants: featureVariants } = await strategiesOf(tx, flag.key, environment);
  try {
    const live = { ...flag, lifecycle: 'ACTIVE' as const };
    const state = { flag: live, archived: false, enabled: true, rules, strategies, featureVariants };
    compileFeature(state, undefined, segments);
  } catch (error) {
    if (!(error instanceof TooManyStrategiesError)) throw error;
    throw new FlagInvalidError(
      `The rules of "${flag.key}" hang together so much that they need more than ${maxStrategies} strategies.`,
      'constraints',
      'Give fewer rules that turn off, or only partly on, conditions of their own; or put those on one scope kind.',
    );
  }
}
