import {
  contextField,
  matches,
  specificity,
  type FlagContext,
  type FlagDefinition,
  type FlagRule,
} from '../flag.js';

/** RULE: a rule decided. DEFAULT: none matched. KILLED: off in the environment. ARCHIVED: the flag is gone. */
export type DecisionReason = 'RULE' | 'DEFAULT' | 'KILLED' | 'ARCHIVED';
export type TraceOutcome = 'WON' | 'MATCHED_BUT_LESS_SPECIFIC' | 'NOT_MATCHED';

export interface FlagDecision<Rule extends FlagRule = FlagRule> {
  enabled: boolean;
  /** Of VARIANT flags: the rule's variant when on, the default variant when off; null for BOOLEAN flags. */
  variant: string | null;
  payload: unknown;
  reason: DecisionReason;
  rule: Rule | null;
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
}

/**
 * The reference: what a flag is for a context. Deliberately plain; the compiler, the payload of a tenant's token and
 * the index of the server are all proven against it.
 */
export function evaluate<Rule extends FlagRule>(
  state: FlagState<Rule>,
  context: FlagContext,
): FlagDecision<Rule> {
  if (state.archived) return off<Rule>(state.flag, 'ARCHIVED', null);
  if (!state.enabled) return off<Rule>(state.flag, 'KILLED', null);
  return decide(state.flag, winner(state.rules, context));
}

/** The decision that follows from the winning rule, if there is one. */
export function decide<Rule extends FlagRule>(
  flag: FlagDefinition,
  rule: Rule | undefined,
): FlagDecision<Rule> {
  if (!rule) return off<Rule>(flag, 'DEFAULT', null);
  if (!rule.enabled) return off(flag, 'RULE', rule);
  return {
    enabled: true,
    variant: rule.variant,
    payload: payloadOf(flag, rule.variant),
    reason: 'RULE',
    rule,
  };
}

/** The matching rule of the most specific scope. Two rules of one scope kind cannot both match. */
export function winner<Rule extends FlagRule>(
  rules: readonly Rule[],
  context: FlagContext,
): Rule | undefined {
  let best: Rule | undefined;
  for (const rule of rules) {
    if (!matches(rule.scope, context)) continue;
    if (!best || specificity(rule.scope.kind) > specificity(best.scope.kind)) best = rule;
  }
  return best;
}

/** Every rule, most specific first, with what became of it and why. */
export function trace<Rule extends FlagRule>(
  state: FlagState<Rule>,
  context: FlagContext,
): TraceStep<Rule>[] {
  const best = winner(state.rules, context);
  return [...state.rules]
    .sort(
      (a, b) =>
        specificity(b.scope.kind) - specificity(a.scope.kind) || a.scope.key.localeCompare(b.scope.key),
    )
    .map((rule) => {
      if (rule === best) return { rule, outcome: 'WON' as const, explanation: explainWinner(state, rule) };
      if (!matches(rule.scope, context))
        return { rule, outcome: 'NOT_MATCHED' as const, explanation: explainMismatch(rule, context) };
      const explanation = `Matches, but the ${word(best)} rule "${best?.scope.key ?? ''}" is more specific.`;
      return { rule, outcome: 'MATCHED_BUT_LESS_SPECIFIC' as const, explanation };
    });
}

function explainWinner(state: FlagState, rule: FlagRule): string {
  const what = rule.enabled ? (rule.variant ? `turns on "${rule.variant}"` : 'turns it on') : 'turns it off';
  const won = `Most specific rule that matches: ${what}.`;
  if (state.archived) return `${won} Without effect: the flag is archived.`;
  return state.enabled ? won : `${won} Without effect: the flag is off in the whole environment.`;
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

function off<Rule extends FlagRule>(
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
