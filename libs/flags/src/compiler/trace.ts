import {
  fieldOf,
  prepareConstraint,
  prepareStrategy,
  rolloutBucket,
  type Segments,
} from '../evaluator/index.js';
import {
  contextField,
  environmentScope,
  matches,
  specificity,
  type FlagContext,
  type FlagRule,
  type FlagScope,
} from '../flag.js';
import {
  closedFor,
  emptyWorld,
  evaluate,
  unsatisfied,
  winner,
  type FlagState,
  type FlagWorld,
} from './evaluate.js';
import { ownConditions, shareOf, stickinessOf } from './rule-conditions.js';
import { strategyWords } from './strategy-words.js';
import { unleashStrategies, type UnleashConstraint, type UnleashStrategy } from './unleash-feature.js';

/** WITHOUT_EFFECT: the rule or strategy that would decide, if a flag that this one depends on were as it must be. */
export type TraceOutcome = 'WON' | 'WITHOUT_EFFECT' | 'MATCHED_BUT_LESS_SPECIFIC' | 'NOT_MATCHED';

/** What became of a rule, of a strategy, or of a flag that this one depends on. */
export interface TraceStep<Rule extends FlagRule = FlagRule> {
  /** null: a strategy or another flag. */
  rule: Rule | null;
  /** Where it holds: strategies and dependencies in the whole environment. */
  scope: FlagScope;
  outcome: TraceOutcome;
  /** What it makes of the flag where it decides. */
  enabled: boolean;
  variant: string | null;
  /** A sentence for a person: why this did or did not decide. */
  explanation: string;
}

/**
 * A flag that is not as it must be first; then every rule, most specific first; then the strategies in their order: each
 * with what became of it and why.
 */
export function trace<Rule extends FlagRule>(
  state: FlagState<Rule>,
  context: FlagContext,
  world: FlagWorld = emptyWorld,
): TraceStep<Rule>[] {
  const dependency = dependencyStep<Rule>(state, context, world);
  const best = winner(state.rules, context, world.segments);
  const steps = [
    ...ruleSteps(state, best, context, world.segments),
    ...strategySteps<Rule>(state, best, context, world.segments),
  ];
  if (!dependency) return steps;
  const idle = ` Without effect: the flag depends on "${dependency.flag}".`;
  return [
    dependency.step,
    ...steps.map((step) =>
      step.outcome === 'WON'
        ? { ...step, outcome: 'WITHOUT_EFFECT' as const, explanation: step.explanation + idle }
        : step,
    ),
  ];
}

function dependencyStep<Rule extends FlagRule>(
  state: FlagState<Rule>,
  context: FlagContext,
  world: FlagWorld,
): { flag: string; step: TraceStep<Rule> } | undefined {
  const failed = closedFor(state) ? undefined : unsatisfied(state, context, world);
  if (!failed) return undefined;
  const { flag, enabled, variants = [] } = failed;
  const among = variants.length > 0 ? ` with ${variants.map((name) => `"${name}"`).join(' or ')}` : '';
  const wanted = enabled === false ? 'must be off' : `must be on${among}`;
  const explanation = `Depends on flag "${flag}", which ${wanted}; ${parentWords(flag, context, world)}.`;
  const step = { rule: null, scope: environmentScope, enabled: false, variant: null, explanation };
  return { flag, step: { ...step, outcome: 'WON' } };
}

function parentWords(key: string, context: FlagContext, world: FlagWorld): string {
  const parent = world.flag(key);
  if (!parent || parent.archived) return 'it is gone';
  if (parent.flag.dependencies?.length) return 'it has dependencies itself, and such a flag satisfies none';
  const { enabled, variant, reason } = evaluate(parent, context, world);
  if (!enabled) return `it is off (${reason})`;
  return `it is on${variant === null ? '' : ` with "${variant}"`} (${reason})`;
}

function ruleSteps<Rule extends FlagRule>(
  state: FlagState<Rule>,
  best: Rule | undefined,
  context: FlagContext,
  segments: Segments,
): TraceStep<Rule>[] {
  const sorted = [...state.rules].sort(
    (a, b) => specificity(b.scope.kind) - specificity(a.scope.kind) || a.scope.key.localeCompare(b.scope.key),
  );
  return sorted.map((rule) => {
    const { scope, enabled, variant } = rule;
    const step = (outcome: TraceOutcome, explanation: string) => ({
      rule,
      scope,
      enabled,
      variant,
      outcome,
      explanation,
    });
    if (rule === best) return step('WON', explainWinner(state, rule, context, segments));
    if (!matches(scope, context)) return step('NOT_MATCHED', explainMismatch(rule, context));
    const failed = failedCondition(ownConditions(rule), rule.segments, context, segments);
    if (failed) return step('NOT_MATCHED', failed);
    return step(
      'MATCHED_BUT_LESS_SPECIFIC',
      `Matches, but the ${word(best)} rule "${best?.scope.key ?? ''}" is more specific.`,
    );
  });
}

function strategySteps<Rule extends FlagRule>(
  state: FlagState<Rule>,
  best: Rule | undefined,
  context: FlagContext,
  segments: Segments,
): TraceStep<Rule>[] {
  const { strategies, flag } = state;
  if (!strategies) return [];
  const step = (outcome: TraceOutcome, explanation: string, variant: string | null = null) => ({
    rule: null,
    scope: environmentScope,
    enabled: true,
    variant,
    outcome,
    explanation,
  });
  const ruled = `the ${word(best)} rule "${best?.scope.key ?? ''}" is more specific.`;
  if (strategies.length === 0)
    return [
      best
        ? step('MATCHED_BUT_LESS_SPECIFIC', `The empty list of strategies is for everybody, but ${ruled}`)
        : step(
            'WON',
            `No rule matches, and the empty list of strategies turns it on for everybody.${idleWords(state)}`,
          ),
    ];
  let first: string | undefined;
  return strategies.map((strategy, index) => {
    const name = `Strategy ${index + 1}, ${strategy.name}`;
    const prepared = prepareStrategy(strategy, segments);
    if (!prepared.holds(context))
      return step('NOT_MATCHED', `${name}, does not hold: ${whyNot(strategy, context, segments)}`);
    if (best) return step('MATCHED_BUT_LESS_SPECIFIC', `${name}, holds, but ${ruled}`);
    if (first) return step('MATCHED_BUT_LESS_SPECIFIC', `${name}, holds, but ${first} comes first.`);
    first = `strategy ${index + 1}`;
    const decided = evaluate({ ...state, flag: { ...flag, dependencies: [] } }, context, {
      ...emptyWorld,
      segments,
    });
    const on = decided.enabled && decided.variant ? `turns on "${decided.variant}"` : 'turns it on';
    const whom = strategyWords(strategy, context);
    const fit = `${withSegments(strategy.segments, segments)}${whom ? ` (for ${whom})` : ''}`;
    const won = `${name}${fit}, is the first that holds: ${on}.`;
    return step('WON', won + idleWords(state), decided.enabled ? decided.variant : null);
  });
}

function whyNot(strategy: UnleashStrategy, context: FlagContext, segments: Segments): string {
  if (!(unleashStrategies as readonly string[]).includes(strategy.name)) return 'no SDK knows its name.';
  const failed = failedCondition(strategy.constraints, strategy.segments, context, segments);
  if (failed) return failed;
  return `it is for ${strategyWords(strategy, context) ?? 'nobody'}.`;
}

function explainWinner(state: FlagState, rule: FlagRule, context: FlagContext, segments: Segments): string {
  const on = rule.variant ? `turns on "${rule.variant}"` : 'turns it on';
  const what = rule.enabled ? on + explainShare(state.flag.key, rule, context) : 'turns it off';
  const also = withSegments(rule.segments, segments);
  return `Most specific rule that matches${also}: ${what}.${idleWords(state)}`;
}

/** Why what would decide does not; empty if it does. */
function idleWords(state: FlagState): string {
  const words: Record<string, string> = {
    ARCHIVED: 'the flag is archived',
    DRAFT: 'the flag is a draft',
    KILLED: 'the flag is off in the whole environment',
  };
  const why = words[closedFor(state) ?? ''];
  return why === undefined ? '' : ` Without effect: ${why}.`;
}

function explainShare(flagKey: string, rule: FlagRule, context: FlagContext): string {
  const share = shareOf(rule);
  if (share >= 100) return '';
  const field = stickinessOf(rule);
  const value = fieldOf(context, field);
  if (!value) return ` for ${share} % by ${field}, and off here: the context has no ${field}`;
  const bucket = rolloutBucket(value, flagKey);
  const here = bucket <= share ? 'on' : 'off';
  return ` for ${share} % by ${field}, and ${here} here: ${field} "${value}" is number ${bucket} of 100`;
}

function withSegments(ids: readonly number[] | undefined, segments: Segments): string {
  const names = (ids ?? []).map((id) => segmentName(id, segments));
  return names.length === 0 ? '' : `, with ${names.join(', ')}`;
}

function segmentName(id: number, segments: Segments): string {
  return `segment "${segments.get(id)?.name ?? id}"`;
}

/** The first condition that does not hold, with the value that it looked at; undefined if all do. */
function failedCondition(
  own: readonly UnleashConstraint[],
  ids: readonly number[] | undefined,
  context: FlagContext,
  segments: Segments,
): string | undefined {
  const gone = ids?.find((id) => !segments.has(id));
  if (gone !== undefined) return `Needs segment ${gone}, which is gone.`;
  const holds = (constraint: UnleashConstraint) => prepareConstraint(constraint)(context);
  const failed = own.find((constraint) => !holds(constraint));
  if (failed) return `Needs ${unmet(failed, context)}`;
  for (const id of ids ?? []) {
    const of = segments.get(id)?.constraints.find((constraint) => !holds(constraint));
    if (of) return `S${segmentName(id, segments).slice(1)} needs ${unmet(of, context)}`;
  }
  return undefined;
}

function unmet(constraint: UnleashConstraint, context: FlagContext): string {
  const { contextName, operator, values, value, inverted } = constraint;
  const shown = value ?? `${values.slice(0, 5).join(', ')}${values.length > 5 ? ', …' : ''}`;
  const own = contextName === 'currentTime' ? undefined : fieldOf(context, contextName);
  const has = own === undefined ? `the context has no ${contextName}` : `the context has "${own}"`;
  const seen = contextName === 'currentTime' ? `it is ${context['currentTime'] ?? 'now'}` : has;
  return `${contextName} ${inverted ? 'not ' : ''}${operator} "${shown}"; ${seen}.`;
}

function explainMismatch(rule: FlagRule, context: FlagContext): string {
  if (rule.scope.kind === 'ENVIRONMENT') return 'Does not match.';
  const field = contextField[rule.scope.kind];
  const value = context[field];
  return value === undefined
    ? `Needs ${field} "${rule.scope.key}"; the context has no ${field}.`
    : `Needs ${field} "${rule.scope.key}"; the context has "${value}".`;
}

function word(rule: FlagRule | undefined): string {
  return rule?.scope.kind.toLowerCase() ?? '';
}
