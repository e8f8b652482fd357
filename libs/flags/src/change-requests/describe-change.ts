import type { UnleashConstraint } from '../compiler/index.js';
import { defaultStickiness, type FlagScope, type RuleValue } from '../flag.js';
import type { EnvironmentStrategies } from '../flag-strategies.store.js';
import type { FlagChange } from './flag-change.js';

/** Names of segments by their number. */
export type SegmentNames = ReadonlyMap<number, string>;

/** Values of a list that a sentence names; the rest is counted. */
const maxNamed = 5;

/** A sentence for people: `pricing.engine for BRANCH northwind/seattle: off → waterfall-v2 for 10 % by account`. */
export function describeChange(change: FlagChange, segments: SegmentNames): string {
  const ruleText = (rule: RuleValue | null, scope: FlagScope): string => ruleWords(rule, scope, segments);
  switch (change.kind) {
    case 'SET_RULE':
      return `${change.flag} for ${scopeText(change.scope)}: ${ruleText(change.base, change.scope)} → ${ruleText(change.rule, change.scope)}`;
    case 'CLEAR_RULE':
      return `${change.flag} for ${scopeText(change.scope)}: ${ruleText(change.base, change.scope)} → no rule`;
    case 'SET_ENABLED':
      return `${change.flag}: ${change.base ? 'enabled' : 'killed'} → ${change.enabled ? 'enabled' : 'killed'}`;
    case 'SET_STRATEGIES':
      return `${change.flag} where no rule decides: ${strategiesText(change.base, segments)} → ${strategiesText(change.strategies, segments)}`;
    case 'UPDATE_FLAG':
      return `${change.flag}: ${Object.keys(change.definition).join(', ')}`;
    case 'ARCHIVE_FLAG':
      return `${change.flag}: in use → archived; SDKs then take the default of their code`;
    case 'UPDATE_SEGMENT':
      return `segment ${change.base.name}: ${constraintsText(change.base.constraints)} → ${constraintsText(change.constraints)}`;
  }
}

/** `new for 10 % by account where region IN eu, us, in segment Europe, from 2030-01-01T00:00:00.000Z`. */
function ruleWords(rule: RuleValue | null, { kind }: FlagScope, names: SegmentNames): string {
  if (!rule) return 'no rule';
  const { percentage = 100, stickiness, constraints = [], segments = [], startsAt, endsAt } = rule;
  const share = percentage < 100 ? ` for ${percentage} % by ${stickiness ?? defaultStickiness[kind]}` : '';
  const conditions = [
    ...(constraints.length > 0 ? [`where ${constraintsText(constraints)}`] : []),
    ...(segments.length > 0 ? [`in segment ${segmentText(segments, names)}`] : []),
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

function strategiesText({ strategies, variants }: EnvironmentStrategies, segments: SegmentNames): string {
  if (strategies === null) return 'off';
  const inSegment = (ids: readonly number[] = []): string =>
    ids.length > 0 ? ` in segment ${segmentText(ids, segments)}` : '';
  const names =
    strategies.length === 0
      ? 'on'
      : strategies.map((strategy) => `${strategy.name}${inSegment(strategy.segments)}`).join(', ');
  return variants.length > 0 ? `${names} with ${variants.length} variants` : names;
}

function segmentText(ids: readonly number[], names: SegmentNames): string {
  return ids.map((id) => names.get(id) ?? String(id)).join(' and ');
}

function scopeText({ kind, key }: FlagScope): string {
  return kind === 'ENVIRONMENT' ? 'everybody' : `${kind} ${key}`;
}

/** Numbers of the segments that a description names: of what shall be there, and of what is. */
export function segmentsNamedBy(change: FlagChange): number[] {
  switch (change.kind) {
    case 'SET_RULE':
      return [...(change.rule.segments ?? []), ...(change.base?.segments ?? [])];
    case 'CLEAR_RULE':
      return [...(change.base?.segments ?? [])];
    case 'SET_STRATEGIES':
      return [change.strategies, change.base].flatMap(({ strategies }) =>
        (strategies ?? []).flatMap(({ segments = [] }) => segments),
      );
    default:
      return [];
  }
}
