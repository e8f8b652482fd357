import { RE2JS } from 're2js';
import semver from 'semver';
import { unleashOperators, type UnleashConstraint } from './compiler/index.js';
import { prepareCidr } from './evaluator/index.js';
import type { FlagRule } from './flag.js';
import { FlagInvalidError } from './flags.errors.js';

const maxConstraints = 20;
const maxSegments = 20;
/** Looked up in a set, whatever their number. */
const maxValues = 100_000;
/** Values of the other list operators, which are compared one by one. */
const maxCompared = 1_000;
/** Steps of a compiled pattern: what one look at a value costs is these times its length. */
const maxPatternSteps = 500;
const maxLength = 1_000;
const listOperators = ['IN', 'NOT_IN', 'STR_STARTS_WITH', 'STR_ENDS_WITH', 'STR_CONTAINS', 'IN_CIDR'];
const fieldPattern = /^[a-zA-Z_][a-zA-Z0-9_.-]{0,99}$/;
/** Of these Unleash has meanings of its own: chance, and whatever is there. */
const unstable = ['default', 'random'];

/**
 * Checks what a rule demands besides its scope.
 * @throws FlagInvalidError INVALID_INPUT with the field.
 */
export function checkConditions(rule: FlagRule): void {
  const { percentage, stickiness, constraints = [], segments = [], startsAt, endsAt } = rule;
  if (percentage !== undefined && !(Number.isInteger(percentage) && percentage >= 0 && percentage <= 100))
    throw new FlagInvalidError('A percentage is a whole number from 0 to 100.', 'percentage');
  if (!rule.enabled && percentage !== undefined && percentage !== 100)
    throw new FlagInvalidError(
      'A rule that turns the flag off has no percentage.',
      'percentage',
      'Turn it on for the other part.',
    );
  if (stickiness !== undefined && (!fieldPattern.test(stickiness) || unstable.includes(stickiness)))
    throw new FlagInvalidError(`"${stickiness}" is no field that a share can stick to.`, 'stickiness');
  if (segments.length > maxSegments)
    throw new FlagInvalidError(`A rule has at most ${maxSegments} segments.`, 'segments');
  checkConstraints(constraints, 'constraints');
  for (const [field, at] of Object.entries({ startsAt, endsAt }))
    if (at !== undefined && Number.isNaN(Date.parse(at)))
      throw new FlagInvalidError(`"${at}" is no time.`, field, 'ISO 8601, e.g. 2030-01-31T06:00:00Z.');
  if (startsAt !== undefined && endsAt !== undefined && Date.parse(startsAt) >= Date.parse(endsAt))
    throw new FlagInvalidError('A rule ends after it starts.', 'endsAt');
}

/** @throws FlagInvalidError INVALID_INPUT with the field, for what could never hold or cost too much. */
export function checkConstraints(constraints: readonly UnleashConstraint[], field: string): void {
  if (constraints.length > maxConstraints)
    throw new FlagInvalidError(`At most ${maxConstraints} constraints.`, field);
  for (const [index, constraint] of constraints.entries()) {
    const problem = problemOf(constraint);
    if (problem)
      throw new FlagInvalidError(problem.message, `${field}.${index}.${problem.field}`, problem.hint);
  }
}

/** What is wrong with a constraint, and with which part of it. */
export interface Problem {
  field: string;
  message: string;
  hint?: string;
}

function problemOf(constraint: UnleashConstraint): Problem | undefined {
  const { contextName, operator, values, value } = constraint;
  if (!fieldPattern.test(contextName))
    return { field: 'contextName', message: `"${contextName}" is no field of a context.` };
  if (!(unleashOperators as readonly string[]).includes(operator))
    return { field: 'operator', message: `There is no operator "${operator}".` };
  if ((value ?? '').length > maxLength || values.some((one) => one.length > maxLength))
    return { field: 'values', message: `A value has at most ${maxLength} characters.` };
  const excess = excessOf(constraint);
  if (excess) return excess;
  if (listOperators.includes(operator)) {
    if (values.length === 0) return { field: 'values', message: `${operator} needs values.` };
    const wrong = operator === 'IN_CIDR' && values.find((range) => !prepareCidr([range])(bare(range)));
    return wrong ? { field: 'values', message: `"${wrong}" is no range of addresses.` } : undefined;
  }
  if (value === undefined || value === '') return { field: 'value', message: `${operator} needs a value.` };
  const message = mismatch(operator, value);
  return message === undefined ? undefined : { field: 'value', message };
}

/**
 * What would cost too much to look at in every evaluation; undefined if all is within bounds. Also asked of what comes from
 * another system, which may be wrong in every other way: SDKs answer something there too.
 */
export function excessOf({ operator, values, value }: UnleashConstraint): Problem | undefined {
  const most = operator === 'IN' || operator === 'NOT_IN' ? maxValues : maxCompared;
  if (values.length > most)
    return {
      field: 'values',
      message: `${operator} takes at most ${most} values, not ${values.length}.`,
      hint: 'Name a group of them by a field of its own.',
    };
  const steps = operator === 'REGEX' && value !== undefined ? patternSteps(value) : 0;
  if (steps <= maxPatternSteps) return undefined;
  return { field: 'value', message: `The pattern has ${steps} steps; at most ${maxPatternSteps} are taken.` };
}

/** 0 for what is no pattern. */
function patternSteps(pattern: string): number {
  try {
    return RE2JS.compile(pattern).programSize();
  } catch {
    return 0;
  }
}

/** Why a value does not fit its operator; undefined if it does. */
function mismatch(operator: string, value: string): string | undefined {
  if (operator.startsWith('NUM_'))
    return Number.isFinite(Number(value)) ? undefined : `"${value}" is no number.`;
  if (operator.startsWith('DATE_'))
    return Number.isNaN(Date.parse(value)) ? `"${value}" is no time.` : undefined;
  try {
    if (operator === 'REGEX') RE2JS.compile(value);
    else if (value.startsWith('v')) return `"${value}" is no semantic version.`;
    else void new semver.SemVer(value);
    return undefined;
  } catch (error) {
    return operator === 'REGEX'
      ? `"${value}" is no pattern of RE2: ${(error as Error).message}.`
      : `"${value}" is no semantic version.`;
  }
}

function bare(range: string): string {
  return range.split('/')[0] ?? range;
}
