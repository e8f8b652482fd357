import { PreparedStrategies, satisfies, type FeatureResult, type Segments } from '../evaluator/index.js';
import {
  matches,
  specificity,
  type FlagContext,
  type FlagDefinition,
  type FlagDependency,
  type FlagRule,
} from '../flag.js';
import { inShare, prepareConditions } from './rule-conditions.js';
import { payloadValue, type UnleashStrategy, type UnleashVariant } from './unleash-feature.js';

/**
 * RULE: a rule decided. STRATEGY: none matched, and the strategies decided. DEFAULT: nothing turned it on. KILLED: off
 * in the environment. ARCHIVED: the flag is gone. DRAFT: not active yet. DEPENDENCY: another flag is not as it must be.
 */
export type DecisionReason = 'RULE' | 'STRATEGY' | 'DEFAULT' | 'KILLED' | 'ARCHIVED' | 'DRAFT' | 'DEPENDENCY';

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

export const emptyWorld: FlagWorld = { segments: new Map(), flag: () => undefined };

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
  if (unsatisfied(state, context, world)) return off<Rule>(flag, 'DEPENDENCY', null);
  const rule = winner(state.rules, context, world.segments);
  const { strategies, variants } = baseStrategies(state);
  if (rule || !strategies) return decide(flag, rule, context);
  const prepared = new PreparedStrategies(
    { name: flag.key, strategies: [...strategies], variants: [...variants] },
    world.segments,
  );
  return decideByStrategies(flag, prepared.evaluate(context));
}

/** The first flag that this one depends on and that is not as it must be. */
export function unsatisfied(
  { flag }: FlagState,
  context: FlagContext,
  world: FlagWorld,
): FlagDependency | undefined {
  return flag.dependencies?.find(({ flag: key, enabled, variants }) => {
    const parent = world.flag(key);
    if (!parent || parent.archived || parent.flag.dependencies?.length) return true;
    const decision = evaluate(parent, context, world);
    const wanted = { ...(enabled === false ? { enabled } : {}), variants: [...(variants ?? [])] };
    return !satisfies(
      wanted,
      decision.enabled,
      decision.enabled ? (decision.variant ?? undefined) : undefined,
    );
  });
}

/**
 * The strategies that decide where no rule does, and the variants for those without their own. A BOOLEAN flag is on or off:
 * it has no variants, whatever its strategies say.
 */
export function baseStrategies({ flag, strategies, featureVariants = [] }: FlagState): {
  strategies: readonly UnleashStrategy[] | null;
  variants: readonly UnleashVariant[];
} {
  if (!strategies) return { strategies: null, variants: [] };
  if (flag.kind === 'VARIANT') return { strategies, variants: featureVariants };
  return { strategies: strategies.map((strategy) => ({ ...strategy, variants: [] })), variants: [] };
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
