import type { UnleashConstraint } from '../compiler/index.js';
import { defaultStickiness, type FlagScope, type RuleValue } from '../flag.js';
import type { EnvironmentStrategies } from '../flag-strategies.store.js';
import type { FlagChange } from './flag-change.js';

/** Values of a list that a sentence names; the rest is counted. */
const maxNamed = 5;

/** A sentence for people: `pricing.engine for BRANCH northwind/seattle: off → waterfall-v2 for 10 % by account`. */
export function describeChange(change: FlagChange): string {
  switch (change.kind) {
    case 'SET_RULE':
      return `${change.flag} for ${scopeText(change.scope)}: ${ruleText(change.base, change.scope)} → ${ruleText(change.rule, change.scope)}`;
    case 'CLEAR_RULE':
      return `${change.flag} for ${scopeText(change.scope)}: ${ruleText(change.base, change.scope)} → no rule`;
    case 'SET_ENABLED':
      return `${change.flag}: ${change.base ? 'enabled' : 'killed'} → ${change.enabled ? 'enabled' : 'killed'}`;
    case 'SET_STRATEGIES':
      return `${change.flag} where no rule decides: ${strategiesText(change.base)} → ${strategiesText(change.strategies)}`;
    case 'UPDATE_FLAG':
      return `${change.flag}: ${Object.keys(change.definition).join(', ')}`;
    case 'UPDATE_SEGMENT':
      return `segment ${change.base.name}: ${constraintsText(change.base.constraints)} → ${constraintsText(change.constraints)}`;
  }
}

/** `new for 10 % by account where region IN eu, us, in segment 3, from 2030-01-01T00:00:00.000Z`. */
function ruleText(rule: RuleValue | null, { kind }: FlagScope): string {
  if (!rule) return 'no rule';
  const { percentage = 100, stickiness, constraints = [], segments = [], startsAt, endsAt } = rule;
  const share = percentage < 100 ? ` for ${percentage} % by ${stickiness ?? defaultStickiness[kind]}` : '';
  const conditions = [
    ...(constraints.length > 0 ? [`where ${constraintsText(constraints)}`] : []),
    ...(segments.length > 0 ? [`in segment ${segments.join(' and ')}`] : []),
    ...(startsAt === undefined ? [] : [`from ${startsAt}`]),
    ...(endsAt === undefined ? [] : [`until ${endsAt}`]),
  ];
  const value = rule.enabled ? (rule.variant ?? 'on') : 'off';
  return `${value}${share}${conditions.length > 0 ? ` ${conditions.join(', ')}` : ''}`;
}

function constraintsText(constraints: readonly UnleashConstraint[]): string {
  return constraints.length === 0 ? 'everybody' : constraints.map(constraintText).join(' and ');
}

function constraintText({
  contextName,
  operator,
  values,
  value,
  inverted,
  caseInsensitive,
}: UnleashConstraint): string {
  const named = values.slice(0, maxNamed).join(', ');
  const more = values.length > maxNamed ? ` and ${values.length - maxNamed} more` : '';
  const operand = value ?? `${named}${more}`;
  return `${inverted ? 'not ' : ''}${contextName} ${operator}${caseInsensitive ? ' (any case)' : ''} ${operand}`;
}

function strategiesText({ strategies, variants }: EnvironmentStrategies): string {
  if (strategies === null) return 'off';
  const names = strategies.length === 0 ? 'on' : strategies.map(({ name }) => name).join(', ');
  return variants.length > 0 ? `${names} with ${variants.length} variants` : names;
}

function scopeText({ kind, key }: FlagScope): string {
  return kind === 'ENVIRONMENT' ? 'everybody' : `${kind} ${key}`;
}
