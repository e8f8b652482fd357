import type { Segments } from '../evaluator/index.js';
import { contextField, scopeKinds, type FlagDefinition, type FlagRule, type FlagScopeKind } from '../flag.js';
import { expandedConditions, negated, ownConditions, shareOf, stickinessOf } from './rule-conditions.js';
import { unleashPayload, type UnleashConstraint, type UnleashStrategy } from './unleash-feature.js';

/** A feature has no more strategies than this; a flag whose rules need more is refused when it is changed. */
export const maxStrategies = 500;

/** Conditions of so many more specific rules hang together that no SDK should evaluate what they compile to. */
export class TooManyStrategiesError extends Error {
  constructor() {
    super(`The rules need more than ${maxStrategies} strategies.`);
  }
}

/** Rules of one scope kind that say the same: they share strategies, told apart by their keys alone. */
interface RuleGroup {
  kind: FlagScopeKind;
  keys: string[];
  rule: FlagRule;
}

/** Constraints of which one list must hold. */
type Alternatives = readonly (readonly UnleashConstraint[])[];

/** Least specific first. */
const level = new Map(scopeKinds.map((kind, index) => [kind, index]));

/**
 * Compiles rules, and the strategies that decide where no rule does, to strategies that are on exactly where the rules
 * are.
 *
 * The most specific come first: SDKs take the variant of the first strategy that holds, so a rule that turns everything
 * on in its scope needs no more than its place. A rule that turns all or a part off must also keep the less specific
 * strategies away: they get the opposite of its scope, or of one of its conditions. Since the keys of one kind exclude
 * each other, those opposites add up within a kind, and multiply only across kinds. An absent field makes NOT_IN true,
 * which is right: a rule about a field that the context lacks does not match.
 */
export function compileRules(
  flag: FlagDefinition,
  rules: readonly FlagRule[],
  base: readonly UnleashStrategy[],
  segments: Segments,
): UnleashStrategy[] {
  const groups = groupRules(rules, segments);
  const strategies: UnleashStrategy[] = [];
  const add = (strategy: UnleashStrategy, kinds: readonly FlagScopeKind[]) => {
    for (const exclusion of exclusions(groups, kinds, segments)) {
      strategies.push({ ...strategy, constraints: [...strategy.constraints, ...exclusion] });
      if (strategies.length > maxStrategies) throw new TooManyStrategiesError();
    }
  };
  for (const group of groups) {
    if (shareOf(group.rule) > 0)
      add(ruleStrategy(flag, group), scopeKinds.slice((level.get(group.kind) ?? 0) + 1));
  }
  for (const strategy of base) add(strategy, scopeKinds);
  return strategies;
}

function groupRules(rules: readonly FlagRule[], segments: Segments): RuleGroup[] {
  const groups = new Map<string, RuleGroup>();
  for (const rule of rules) {
    if (!expandedConditions(rule, segments)) continue;
    const { scope, ...decided } = rule;
    const share = shareOf(rule);
    const signature = JSON.stringify([
      scope.kind,
      share > 0 ? decided.variant : null,
      share,
      share > 0 && share < 100 ? stickinessOf(rule) : null,
      ownConditions(rule),
      rule.segments ?? [],
    ]);
    const group = groups.get(signature);
    if (group) group.keys.push(scope.key);
    else groups.set(signature, { kind: scope.kind, keys: [scope.key], rule });
  }
  const all = [...groups.values()];
  for (const { keys } of all) keys.sort();
  return all.sort((a, b) => (level.get(b.kind) ?? 0) - (level.get(a.kind) ?? 0));
}

/** Every way in which no rule of these kinds that turns anything off matches. */
function exclusions(
  groups: readonly RuleGroup[],
  kinds: readonly FlagScopeKind[],
  segments: Segments,
): Alternatives {
  let product: (readonly UnleashConstraint[])[] = [[]];
  for (const kind of kinds) {
    const blockers = groups.filter((group) => group.kind === kind && shareOf(group.rule) < 100);
    if (blockers.length === 0) continue;
    const ways = unmatched(kind, blockers, segments);
    if (product.length * ways.length > maxStrategies) throw new TooManyStrategiesError();
    product = product.flatMap((before) => ways.map((way) => [...before, ...way]));
  }
  return product;
}

/** None of the keys; or one of them, with a condition of its rule that does not hold. */
function unmatched(kind: FlagScopeKind, blockers: readonly RuleGroup[], segments: Segments): Alternatives {
  const ways: UnleashConstraint[][] = [];
  if (kind !== 'ENVIRONMENT')
    ways.push([
      among(
        kind,
        'NOT_IN',
        blockers.flatMap(({ keys }) => keys),
      ),
    ]);
  for (const { keys, rule } of blockers)
    for (const condition of expandedConditions(rule, segments) ?? [])
      ways.push([...scopeConstraints(kind, keys), negated(condition)]);
  return ways;
}

function ruleStrategy(flag: FlagDefinition, { kind, keys, rule }: RuleGroup): UnleashStrategy {
  const share = shareOf(rule);
  const rollout = {
    rollout: String(share),
    stickiness: share < 100 ? stickinessOf(rule) : 'default',
    groupId: flag.key,
  };
  const plain = share === 100 && rule.variant === null;
  return {
    name: plain ? 'default' : 'flexibleRollout',
    parameters: plain ? {} : rollout,
    constraints: [...scopeConstraints(kind, keys), ...ownConditions(rule)],
    ...(rule.segments?.length ? { segments: [...rule.segments] } : {}),
    variants: rule.variant === null ? [] : [ruleVariant(flag, rule.variant)],
  };
}

function ruleVariant({ variants }: FlagDefinition, name: string): UnleashStrategy['variants'][number] {
  const payload = unleashPayload(variants.find((variant) => variant.name === name)?.payload);
  return {
    name,
    weight: 1000,
    weightType: 'fix',
    stickiness: 'default',
    ...(payload ? { payload } : {}),
  };
}

function scopeConstraints(kind: FlagScopeKind, keys: readonly string[]): UnleashConstraint[] {
  return kind === 'ENVIRONMENT' ? [] : [among(kind, 'IN', keys)];
}

function among(
  kind: Exclude<FlagScopeKind, 'ENVIRONMENT'>,
  operator: 'IN' | 'NOT_IN',
  keys: readonly string[],
): UnleashConstraint {
  const values = [...keys].sort();
  return { contextName: contextField[kind], operator, values, inverted: false, caseInsensitive: false };
}
