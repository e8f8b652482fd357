import {
  fieldOf,
  prepareConstraint,
  PreparedStrategies,
  rolloutBucket,
  satisfies,
  type FeatureResult,
  type Segments,
} from '../evaluator/index.js';
import {
  contextField,
  matches,
  specificity,
  type FlagContext,
  type FlagDefinition,
  type FlagRule,
} from '../flag.js';
import { expandedConditions, inShare, prepareConditions, shareOf, stickinessOf } from './rule-conditions.js';
import { payloadValue, type UnleashStrategy, type UnleashVariant } from './unleash-feature.js';

/**
 * RULE: a rule decided. STRATEGY: none matched, and the strategies decided. DEFAULT: nothing turned it on. KILLED: off
 * in the environment. ARCHIVED: the flag is gone. DRAFT: not active yet. DEPENDENCY: another flag is not as it must be.
 */
export type DecisionReason = 'RULE' | 'STRATEGY' | 'DEFAULT' | 'KILLED' | 'ARCHIVED' | 'DRAFT' | 'DEPENDENCY';
export type TraceOutcome = 'WON' | 'MATCHED_BUT_LESS_SPECIFIC' | 'NOT_MATCHED';

export interface FlagDecision<Rule extends FlagRule = FlagRule> {
  enabled: boolean;
  /** Of VARIANT flags: the rule's variant when on, the default variant when off; null for BOOLEAN flags. */
  variant: string | null;
  payload: unknown;
  reason: DecisionReason;
  rule: Rule | null;
  /** The variant as it goes to SDKs, where a strategy chose it. */
  served?: UnleashVariant;
}

export interface TraceStep<Rule extends FlagRule = FlagRule> {
  rule: Rule;
  outcome: TraceOutcome;
  /** A sentence for a person: why this rule did or did not decide. */
  explanation: string;
}

/** Everything that decides a flag in one environment. */
export interface FlagState<Rule extends FlagRule = FlagRule> {
  flag: FlagDefinition;
  archived: boolean;
  /** false is the kill switch. */
  enabled: boolean;
  rules: readonly Rule[];
  /** Decide where no rule matches; none at all means on for everybody. null or absent: off there. */
  strategies?: readonly UnleashStrategy[] | null;
  /** Variants for strategies that have none of their own. */
  featureVariants?: readonly UnleashVariant[];
}

/** What the flags of an environment refer to. */
export interface FlagWorld {
  segments: Segments;
  /** The flag that another depends on. */
  flag: (key: string) => FlagState | undefined;
}

const emptyWorld: FlagWorld = { segments: new Map(), flag: () => undefined };

/**
 * The reference: what a flag is for a context. Deliberately plain; the compiler, the payload of a tenant's token and
 * the index of the server are all proven against it.
 */
export function evaluate<Rule extends FlagRule>(
  state: FlagState<Rule>,
  context: FlagContext,
  world: FlagWorld = emptyWorld,
): FlagDecision<Rule> {
  const { flag } = state;
  const closed = closedFor(state);
  if (closed) return off<Rule>(flag, closed, null);
  const satisfied = (flag.dependencies ?? []).every(({ flag: key, enabled, variants }) => {
    const parent = world.flag(key);
    if (!parent || parent.archived || parent.flag.dependencies?.length) return false;
    const decision = evaluate(parent, context, world);
    const wanted = { ...(enabled === false ? { enabled } : {}), variants: [...(variants ?? [])] };
    return satisfies(
      wanted,
      decision.enabled,
      decision.enabled ? (decision.variant ?? undefined) : undefined,
    );
  });
  if (!satisfied) return off<Rule>(flag, 'DEPENDENCY', null);
  const rule = winner(state.rules, context, world.segments);
  if (rule || !state.strategies) return decide(flag, rule, context);
  const { strategies, featureVariants = [] } = state;
  const prepared = new PreparedStrategies(
    { name: flag.key, strategies: [...strategies], variants: [...featureVariants] },
    world.segments,
  );
  return decideByStrategies(flag, prepared.evaluate(context));
}

/** Why a flag is off whatever its rules say; undefined if they decide. */
export function closedFor({ flag, archived, enabled }: FlagState): DecisionReason | undefined {
  if (archived) return 'ARCHIVED';
  if (flag.lifecycle === 'DRAFT') return 'DRAFT';
  return enabled ? undefined : 'KILLED';
}

/** The decision that follows from the winning rule, if there is one. */
export function decide<Rule extends FlagRule>(
  flag: FlagDefinition,
  rule: Rule | undefined,
  context: FlagContext = {},
): FlagDecision<Rule> {
  if (!rule) return off<Rule>(flag, 'DEFAULT', null);
  if (!rule.enabled || !inShare(flag.key, rule, context)) return off(flag, 'RULE', rule);
  return {
    enabled: true,
    variant: rule.variant,
    payload: payloadOf(flag, rule.variant),
    reason: 'RULE',
    rule,
  };
}

/** The decision that follows from what the strategies answered. */
export function decideByStrategies<Rule extends FlagRule>(
  flag: FlagDefinition,
  { enabled, variant: served }: FeatureResult,
): FlagDecision<Rule> {
  if (!enabled) return off<Rule>(flag, 'STRATEGY', null);
  const variant = served?.name ?? null;
  return {
    enabled,
    variant,
    payload: served?.payload ? payloadValue(served.payload) : payloadOf(flag, variant),
    reason: 'STRATEGY',
    rule: null,
    ...(served ? { served } : {}),
  };
}

/** The matching rule of the most specific scope. Two rules of one scope kind cannot both match. */
export function winner<Rule extends FlagRule>(
  rules: readonly Rule[],
  context: FlagContext,
  segments: Segments = emptyWorld.segments,
): Rule | undefined {
  let best: Rule | undefined;
  for (const rule of rules) {
    if (!matches(rule.scope, context) || !prepareConditions(rule, segments)(context)) continue;
    if (!best || specificity(rule.scope.kind) > specificity(best.scope.kind)) best = rule;
  }
  return best;
}

/** Every rule, most specific first, with what became of it and why. */
export function trace<Rule extends FlagRule>(
  state: FlagState<Rule>,
  context: FlagContext,
  segments: Segments = emptyWorld.segments,
): TraceStep<Rule>[] {
  const best = winner(state.rules, context, segments);
  return [...state.rules]
    .sort(
      (a, b) =>
        specificity(b.scope.kind) - specificity(a.scope.kind) || a.scope.key.localeCompare(b.scope.key),
    )
    .map((rule) => {
      if (rule === best)
        return { rule, outcome: 'WON' as const, explanation: explainWinner(state, rule, context) };
      if (!matches(rule.scope, context))
        return { rule, outcome: 'NOT_MATCHED' as const, explanation: explainMismatch(rule, context) };
      const failed = failedCondition(rule, context, segments);
      if (failed) return { rule, outcome: 'NOT_MATCHED' as const, explanation: failed };
      const explanation = `Matches, but the ${word(best)} rule "${best?.scope.key ?? ''}" is more specific.`;
      return { rule, outcome: 'MATCHED_BUT_LESS_SPECIFIC' as const, explanation };
    });
}

function explainWinner(state: FlagState, rule: FlagRule, context: FlagContext): string {
  const on = rule.variant ? `turns on "${rule.variant}"` : 'turns it on';
  const what = rule.enabled ? on + explainShare(state.flag.key, rule, context) : 'turns it off';
  const won = `Most specific rule that matches: ${what}.`;
  if (state.archived) return `${won} Without effect: the flag is archived.`;
  if (state.flag.lifecycle === 'DRAFT') return `${won} Without effect: the flag is a draft.`;
  return state.enabled ? won : `${won} Without effect: the flag is off in the whole environment.`;
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

/** The first condition that does not hold, with the value that it looked at; undefined if all do. */
function failedCondition(rule: FlagRule, context: FlagContext, segments: Segments): string | undefined {
  const all = expandedConditions(rule, segments);
  if (!all) return 'Needs a segment that is gone.';
  const failed = all.find((constraint) => !prepareConstraint(constraint)(context));
  if (!failed) return undefined;
  const { contextName, operator, values, value, inverted } = failed;
  const shown = value ?? `${values.slice(0, 5).join(', ')}${values.length > 5 ? ', …' : ''}`;
  const own = contextName === 'currentTime' ? undefined : fieldOf(context, contextName);
  const has = own === undefined ? `the context has no ${contextName}` : `the context has "${own}"`;
  const seen = contextName === 'currentTime' ? `it is ${context['currentTime'] ?? 'now'}` : has;
  return `Needs ${contextName} ${inverted ? 'not ' : ''}${operator} "${shown}"; ${seen}.`;
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

export function off<Rule extends FlagRule>(
  flag: FlagDefinition,
  reason: DecisionReason,
  rule: Rule | null,
): FlagDecision<Rule> {
  const variant = flag.kind === 'VARIANT' ? flag.defaultVariant : null;
  return { enabled: false, variant, payload: payloadOf(flag, variant), reason, rule };
}

function payloadOf(flag: FlagDefinition, variant: string | null): unknown {
  return variant === null ? null : (flag.variants.find(({ name }) => name === variant)?.payload ?? null);
}
