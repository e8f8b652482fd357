import {
  fieldOf,
  prepareConstraints,
  rolloutBucket,
  type EvaluationContext,
  type Predicate,
  type Segments,
} from '../evaluator/index.js';
import { defaultStickiness, type FlagRule, type RuleConditions } from '../flag.js';
import { unleashOperators, type UnleashConstraint } from './unleash-feature.js';

const never: Predicate = () => false;

/** The conditions of a rule apart from segments: its constraints, and its times as constraints on the clock. */
export function ownConditions({ constraints = [], startsAt, endsAt }: RuleConditions): UnleashConstraint[] {
  return [
    ...constraints,
    ...(startsAt === undefined ? [] : [clock('DATE_AFTER', startsAt)]),
    ...(endsAt === undefined ? [] : [clock('DATE_BEFORE', endsAt)]),
  ];
}

/** All conditions, with those of the segments in their place; undefined if they can never hold together. */
export function expandedConditions(
  rule: RuleConditions,
  segments: Segments,
): UnleashConstraint[] | undefined {
  const all = ownConditions(rule);
  for (const id of rule.segments ?? []) {
    const segment = segments.get(id);
    if (!segment) return undefined;
    all.push(...segment.constraints);
  }
  return all.every(({ operator }) => operators.has(operator)) ? all : undefined;
}

/** Whether the conditions of a rule hold for a context; its scope is another matter. */
export function prepareConditions(rule: RuleConditions, segments: Segments): Predicate {
  const all = expandedConditions(rule, segments);
  return all ? prepareConstraints(all) : never;
}

/** The constraint that holds exactly where this one does not. */
export function negated(constraint: UnleashConstraint): UnleashConstraint {
  return { ...constraint, inverted: !constraint.inverted };
}

/** Percent of the sticky values that a rule turns on: 0 for one that turns off. */
export function shareOf({ enabled, percentage = 100 }: FlagRule): number {
  return enabled ? percentage : 0;
}

export function stickinessOf({ scope, stickiness }: FlagRule): string {
  return stickiness ?? defaultStickiness[scope.kind];
}

/**
 * Whether a rule turns the flag on for a context that it matches. Buckets depend on the flag and the sticky value alone,
 * so a larger share only adds. Who lacks the sticky field is in no share but the whole.
 */
export function inShare(flagKey: string, rule: FlagRule, context: EvaluationContext): boolean {
  const share = shareOf(rule);
  if (share >= 100) return true;
  const value = share > 0 ? fieldOf(context, stickinessOf(rule)) : undefined;
  return !!value && rolloutBucket(value, flagKey) <= share;
}

const operators: ReadonlySet<string> = new Set(unleashOperators);

function clock(operator: 'DATE_AFTER' | 'DATE_BEFORE', value: string): UnleashConstraint {
  return {
    contextName: 'currentTime',
    operator,
    values: [],
    value,
    inverted: false,
    caseInsensitive: false,
  };
}
