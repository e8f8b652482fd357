import type { VariablesOf } from '../../graphql/graphql.js';
import type { setFlagRuleMutation } from '../flag.mutations.js';
import type { FlagRule } from '../flags.query.js';

type RuleInput = VariablesOf<typeof setFlagRuleMutation>['input'];
export type ConstraintInput = NonNullable<RuleInput['constraints']>[number];

/** A constraint as the form holds it. */
export interface Constraint {
  contextName: string;
  operator: string;
  values: string[];
  value: string | null;
  inverted: boolean;
  caseInsensitive: boolean;
}

/** What a rule demands besides its scope, and which share of it is turned on. */
export interface Conditions {
  percentage: number;
  /** null: the next finer unit of the scope. */
  stickiness: string | null;
  constraints: Constraint[];
  segments: number[];
  /** ISO 8601. */
  startsAt: string | null;
  endsAt: string | null;
}

export const noConditions: Conditions = {
  percentage: 100,
  stickiness: null,
  constraints: [],
  segments: [],
  startsAt: null,
  endsAt: null,
};

/** The 19 operators of Unleash, in words. */
export const operators: readonly (readonly [string, string])[] = [
  ['IN', 'is one of'],
  ['NOT_IN', 'is none of'],
  ['STR_STARTS_WITH', 'starts with one of'],
  ['STR_ENDS_WITH', 'ends with one of'],
  ['STR_CONTAINS', 'contains one of'],
  ['REGEX', 'matches the pattern'],
  ['NUM_EQ', 'equals the number'],
  ['NUM_GT', 'is greater than'],
  ['NUM_GTE', 'is at least'],
  ['NUM_LT', 'is less than'],
  ['NUM_LTE', 'is at most'],
  ['DATE_AFTER', 'is after'],
  ['DATE_BEFORE', 'is before'],
  ['SEMVER_EQ', 'is version'],
  ['SEMVER_GT', 'is a version after'],
  ['SEMVER_GTE', 'is version or later'],
  ['SEMVER_LT', 'is a version before'],
  ['SEMVER_LTE', 'is version or earlier'],
  ['IN_CIDR', 'is an address in'],
];

const listOperators = ['IN', 'NOT_IN', 'STR_STARTS_WITH', 'STR_ENDS_WITH', 'STR_CONTAINS', 'IN_CIDR'];
export const takesList = (operator: string): boolean => listOperators.includes(operator);

export const emptyConstraint: Constraint = {
  contextName: '',
  operator: 'IN',
  values: [],
  value: null,
  inverted: false,
  caseInsensitive: false,
};

/** Whether there is something to compare with. */
export const isComplete = ({ contextName, operator, values, value }: Constraint): boolean =>
  contextName !== '' && (takesList(operator) ? values.length > 0 : Boolean(value));

/** Field by field: what was read carries the cache's own fields too. */
export const toConstraintInput = (constraint: Constraint): ConstraintInput => {
  const { contextName, operator, values, value, inverted, caseInsensitive } = constraint;
  const compared = takesList(operator) ? { values } : { value };
  return { contextName, operator, inverted, caseInsensitive, ...compared };
};

type StoredConditions = Pick<
  FlagRule,
  'percentage' | 'stickiness' | 'constraints' | 'segments' | 'startsAt' | 'endsAt'
>;

export const conditionsOf = (rule: StoredConditions): Conditions => ({
  percentage: rule.percentage,
  stickiness: rule.percentage < 100 ? rule.stickiness : null,
  constraints: rule.constraints.map((constraint) => ({ ...constraint, value: constraint.value ?? null })),
  segments: [...rule.segments],
  startsAt: rule.startsAt,
  endsAt: rule.endsAt,
});

/** As `setFlagRule` and change requests take them; what a rule that is off cannot have is left out. */
export function toConditionsInput(conditions: Conditions, enabled: boolean) {
  const { percentage, stickiness, constraints, segments, startsAt, endsAt } = conditions;
  const part = enabled && percentage < 100;
  return {
    percentage: part ? percentage : null,
    stickiness: part ? stickiness : null,
    constraints: constraints.filter(isComplete).map(toConstraintInput),
    segments,
    startsAt,
    endsAt,
  };
}

export const hasConditions = (conditions: Conditions): boolean =>
  conditions.percentage < 100 ||
  conditions.constraints.length > 0 ||
  conditions.segments.length > 0 ||
  conditions.startsAt !== null ||
  conditions.endsAt !== null;

const valuesShown = 4;

/** `plan is one of gold, silver`. */
export function describeConstraint(
  constraint: Omit<Constraint, 'value'> & { value?: string | null },
): string {
  const { contextName, operator, values, value, inverted } = constraint;
  const words = operators.find(([name]) => name === operator)?.[1] ?? operator;
  const left = values.length - valuesShown;
  const compared = takesList(operator)
    ? values.slice(0, valuesShown).join(', ') + (left > 0 ? ` and ${left} more` : '')
    : (value ?? '');
  return `${contextName} ${inverted ? 'not: ' : ''}${words} ${compared}`;
}
