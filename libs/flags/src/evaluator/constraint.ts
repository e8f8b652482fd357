import { RE2JS } from 're2js';
import semver from 'semver';
import type { UnleashConstraint, UnleashOperator } from '../compiler/unleash-feature.js';
import { prepareCidr } from './cidr.js';
import { fieldOf, type EvaluationContext } from './context.js';

/** Whether something holds for a context. Prepared once, asked often; never throws. */
export type Predicate = (context: EvaluationContext) => boolean;

type Prepare = (constraint: UnleashConstraint) => Predicate;

const never: Predicate = () => false;

/** What a pattern is matched against, in UTF-16 units: with the most steps that a pattern may have, some 6 ms. */
const maxMatchedLength = 1_000;

const isTooLong = (value: string | undefined): boolean =>
  value !== undefined && value.length > maxMatchedLength;

/**
 * A constraint as the SDKs read it. What cannot be understood (a broken pattern, a number that is none) does not hold,
 * and inverted it does; an operator that nobody knows never holds. Unlike in the SDKs, a pattern holds for no value of
 * more than 1,000 characters, inverted or not: whoever asks a server chooses the value, and all others wait.
 */
export function prepareConstraint(constraint: UnleashConstraint): Predicate {
  if (!Object.hasOwn(operators, constraint.operator)) return never;
  const holds = operators[constraint.operator as UnleashOperator](constraint);
  const decides: Predicate = constraint.inverted ? (context) => !holds(context) : holds;
  if (constraint.operator !== 'REGEX') return decides;
  return (context) => !isTooLong(fieldOf(context, constraint.contextName)) && decides(context);
}

/** Whether all of them hold. */
export function prepareConstraints(constraints: readonly UnleashConstraint[]): Predicate {
  const all = constraints.map(prepareConstraint);
  const [only] = all;
  if (only && all.length === 1) return only;
  return (context) => {
    for (const holds of all) if (!holds(context)) return false;
    return true;
  };
}

const operators: Record<UnleashOperator, Prepare> = {
  IN: isIn,
  NOT_IN: (constraint) => {
    const holds = isIn(constraint);
    return (context) => !holds(context);
  },
  STR_STARTS_WITH: text((value, start) => value.startsWith(start)),
  STR_ENDS_WITH: text((value, end) => value.endsWith(end)),
  STR_CONTAINS: text((value, part) => value.includes(part)),
  NUM_EQ: number((a, b) => a === b),
  NUM_GT: number((a, b) => a > b),
  NUM_GTE: number((a, b) => a >= b),
  NUM_LT: number((a, b) => a < b),
  NUM_LTE: number((a, b) => a <= b),
  DATE_AFTER: date((now, bound) => now > bound),
  DATE_BEFORE: date((now, bound) => now < bound),
  SEMVER_EQ: version((order) => order === 0),
  SEMVER_GT: version((order) => order > 0),
  SEMVER_GTE: version((order) => order >= 0),
  SEMVER_LT: version((order) => order < 0),
  SEMVER_LTE: version((order) => order <= 0),
  REGEX: pattern,
  IN_CIDR: (constraint) => {
    const contains = prepareCidr(clean(constraint.values));
    return (context) => {
      const value = fieldOf(context, constraint.contextName);
      return value !== undefined && contains(value);
    };
  },
};

function isIn({ contextName, values }: UnleashConstraint): Predicate {
  const set = new Set(clean(values));
  return (context) => {
    const value = fieldOf(context, contextName);
    return value !== undefined && set.has(value);
  };
}

function text(compare: (value: string, part: string) => boolean): Prepare {
  return ({ contextName, values, caseInsensitive }) => {
    const fold = (value: string) => (caseInsensitive ? value.toLocaleLowerCase() : value);
    const parts = clean(values).map(fold);
    return (context) => {
      const value = fieldOf(context, contextName);
      if (value === undefined) return false;
      const folded = fold(value);
      return parts.some((part) => compare(folded, part));
    };
  };
}

function number(compare: (value: number, bound: number) => boolean): Prepare {
  return ({ contextName, value }) => {
    const bound = Number(value);
    if (Number.isNaN(bound)) return never;
    return (context) => {
      const own = fieldOf(context, contextName);
      if (own === undefined) return false;
      const converted = Number(own);
      return !Number.isNaN(converted) && compare(converted, bound);
    };
  };
}

/** Of the context's `currentTime`, else the clock; the constraint's field name does not matter. */
function date(compare: (now: number, bound: number) => boolean): Prepare {
  return ({ value }) => {
    const bound = new Date(value ?? NaN).getTime();
    return (context) => {
      const time = fieldOf(context, 'currentTime');
      return compare(time ? new Date(time).getTime() : Date.now(), bound);
    };
  };
}

function version(holds: (order: number) => boolean): Prepare {
  return ({ contextName, value }) => {
    const bound = parseVersion(value);
    if (!bound) return never;
    return (context) => {
      const own = fieldOf(context, contextName);
      const parsed = own?.startsWith('v') ? undefined : parseVersion(own);
      return parsed !== undefined && holds(parsed.compare(bound));
    };
  };
}

function parseVersion(value: string | undefined) {
  if (!value) return undefined;
  try {
    return new semver.SemVer(value);
  } catch {
    return undefined;
  }
}

/** RE2: linear in the length of the value, whatever the pattern. */
function pattern({ contextName, value, caseInsensitive }: UnleashConstraint): Predicate {
  if (value === undefined) return never;
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(value, caseInsensitive ? RE2JS.CASE_INSENSITIVE : 0);
  } catch {
    return never;
  }
  return (context) => {
    const own = fieldOf(context, contextName);
    return own !== undefined && regex.matcher(own).find();
  };
}

function clean(values: readonly string[] | undefined): string[] {
  return (values ?? []).filter(Boolean).map((value) => value.trim());
}
