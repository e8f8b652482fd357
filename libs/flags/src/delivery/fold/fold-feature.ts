import type {
  UnleashConstraint,
  UnleashFeature,
  UnleashSegment,
  UnleashStrategy,
} from '../../compiler/index.js';
import { foldConstraint } from './fold-constraint.js';
import { foldRollout, foldVariants } from './fold-rollout.js';
import type { FixedContext } from './token-scope.js';

export type Segments = ReadonlyMap<number, UnleashSegment>;

/**
 * The feature as a token sees it that fixes part of every context: what the token decides is decided, what concerns
 * other tenants is gone. For every context, evaluating the result equals evaluating the original with the fixed fields
 * in the context, whatever the context claims for them; values of other tenants' units match nothing.
 * The description goes: it may name others.
 */
export function foldFeature(
  feature: UnleashFeature,
  segments: Segments,
  fixed: FixedContext,
): UnleashFeature {
  const { description: _description, ...rest } = feature;
  const strategies: UnleashStrategy[] = [];
  for (const strategy of feature.strategies) {
    const folded = foldStrategy(strategy, segments, fixed);
    if (!folded) continue;
    strategies.push(folded);
    // The first strategy that is on decides: nobody gets past one that always is.
    if (isCertain(folded)) break;
  }
  return {
    ...rest,
    // A feature without strategies is on for everybody in the SDKs: one that lost its last one must be off.
    enabled: feature.enabled && (strategies.length > 0 || feature.strategies.length === 0),
    strategies,
    variants: foldVariants(feature.variants ?? [], feature.name, fixed),
  };
}

/** @returns undefined if the strategy is never on. */
function foldStrategy(
  strategy: UnleashStrategy,
  segments: Segments,
  fixed: FixedContext,
): UnleashStrategy | undefined {
  const own = foldAll(strategy.constraints ?? [], fixed);
  if (!own) return undefined;
  const constraints = [...own];
  const kept: number[] = [];
  for (const id of strategy.segments ?? []) {
    const segment = segments.get(id);
    const folded = segment && foldAll(segment.constraints, fixed);
    if (!segment || !folded) return undefined;
    if (isSame(folded, segment.constraints)) kept.push(id);
    else constraints.push(...folded);
  }
  const rollout = foldRollout(strategy, fixed);
  if (!rollout) return undefined;
  const { segments: _segments, ...rest } = rollout;
  const variants = foldVariants(rollout.variants ?? [], rollout.parameters?.['groupId'] ?? '', fixed);
  return {
    ...rest,
    parameters: foldParameters(rollout, fixed),
    constraints,
    variants,
    ...(kept.length > 0 ? { segments: kept } : {}),
  };
}

/** @returns undefined if one of them never holds. */
function foldAll(
  constraints: readonly UnleashConstraint[],
  fixed: FixedContext,
): UnleashConstraint[] | undefined {
  const left: UnleashConstraint[] = [];
  for (const constraint of constraints) {
    const folded = foldConstraint(constraint, fixed);
    if (folded === false) return undefined;
    if (folded !== true) left.push(folded);
  }
  return left;
}

function isSame(a: readonly UnleashConstraint[], b: readonly UnleashConstraint[]): boolean {
  return a.length === b.length && a.every((constraint, index) => constraint === b[index]);
}

function foldParameters({ parameters }: UnleashStrategy, fixed: FixedContext): Record<string, string> {
  const users = parameters?.['userIds'];
  if (!users) return parameters;
  const own = users.split(',').filter((user) => fixed.isOwn('userId', user.trim()));
  return { ...parameters, userIds: own.join(',') };
}

function isCertain({ name, parameters, constraints, segments }: UnleashStrategy): boolean {
  if (constraints.length > 0 || segments) return false;
  if (name === 'default') return true;
  const { rollout, stickiness } = parameters ?? {};
  const anybody = !stickiness || stickiness === 'default' || stickiness === 'random';
  return name === 'flexibleRollout' && anybody && Number(rollout) >= 100;
}
