import type { UnleashOverride, UnleashStrategy, UnleashVariant } from '../../compiler/index.js';
import { rolloutBucket, variantBucket } from '../../evaluator/index.js';
import type { FixedContext } from './token-scope.js';

/**
 * A percentage that sticks to something the token fixes is all or nothing for it.
 * @returns undefined if the strategy is never on.
 */
export function foldRollout(strategy: UnleashStrategy, fixed: FixedContext): UnleashStrategy | undefined {
  const { stickiness, groupId = '', rollout } = strategy.parameters ?? {};
  if (strategy.name !== 'flexibleRollout' || !stickiness || !fixed.decides(stickiness)) return strategy;
  const id = fixed.valueOf(stickiness);
  const percentage = Number(rollout);
  if (!id || !(percentage > 0) || rolloutBucket(id, groupId) > percentage) return undefined;
  return {
    ...strategy,
    parameters: { ...strategy.parameters, rollout: '100', stickiness: 'default' },
    // Variants without a stickiness of their own stick to what the percentage did.
    variants: strategy.variants?.map((variant) => ({
      ...variant,
      stickiness: variant.stickiness || stickiness,
    })),
  };
}

/** Variants in which what the token fixes is decided: overrides on it, and a choice that sticks to it. */
export function foldVariants(
  variants: readonly UnleashVariant[],
  group: string,
  fixed: FixedContext,
): UnleashVariant[] {
  const total = variants.reduce((sum, { weight }) => sum + weight, 0);
  // Without weights nobody gets one, overrides or not.
  if (total <= 0) return variants.map(({ overrides: _unused, ...variant }) => variant);
  const left: UnleashVariant[] = [];
  for (const variant of variants) {
    const always = variant.overrides?.some(
      ({ contextName, values }) => fixed.decides(contextName) && includes(values, fixed.valueOf(contextName)),
    );
    const folded = variant.overrides
      ? { ...variant, overrides: openOverrides(variant.overrides, fixed) }
      : variant;
    left.push(folded);
    if (always) return only(folded, left, total);
  }
  const stickiness = left[0]?.stickiness;
  if (!stickiness || !fixed.decides(stickiness)) return left;
  const id = fixed.valueOf(stickiness);
  // Without a value the SDKs choose at random, here as there.
  if (!id) return left;
  const target = variantBucket(id, group, total);
  let sum = 0;
  const chosen = left.find(({ weight }) => weight > 0 && (sum += weight) >= target);
  return chosen ? only(chosen, left, total) : left;
}

function openOverrides(overrides: readonly UnleashOverride[], fixed: FixedContext): UnleashOverride[] {
  return overrides
    .filter(({ contextName }) => !fixed.decides(contextName))
    .map(({ contextName, values }) => ({
      contextName,
      values: fixed.owns(contextName) ? values.filter((value) => fixed.isOwn(contextName, value)) : values,
    }))
    .filter(({ values }) => values.length > 0);
}

function includes(values: readonly string[], value: string | undefined): boolean {
  return value !== undefined && values.includes(value);
}

/** One variant for everybody whom no override names. */
function only(chosen: UnleashVariant, left: readonly UnleashVariant[], total: number): UnleashVariant[] {
  return left
    .filter((variant) => variant === chosen || variant.overrides?.length)
    .map((variant) => ({ ...variant, weight: variant === chosen ? total : 0, stickiness: 'default' }));
}
