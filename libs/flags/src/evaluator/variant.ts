import type { UnleashVariant } from '../compiler/unleash-feature.js';
import { fieldOf, type EvaluationContext } from './context.js';
import { variantBucket } from './hash.js';

/** Where the default stickiness looks, in this order. */
const defaultFields = ['userId', 'sessionId', 'remoteAddress'];

export type VariantSelector = (context: EvaluationContext) => UnleashVariant | undefined;

/**
 * Chooses among variants by their weights, the same one for the same sticky value; a context that an override names
 * gets that one. A context without the sticky field gets any.
 */
export function prepareVariants(
  groupId: string,
  stickiness: string | undefined,
  variants: readonly UnleashVariant[],
): VariantSelector {
  const total = variants.reduce((sum, { weight }) => sum + weight, 0);
  if (total <= 0) return () => undefined;
  const overrides = variants.flatMap((variant) =>
    (variant.overrides ?? []).map(({ contextName, values }) => ({ variant, contextName, values })),
  );
  return (context) => {
    const override = overrides.find(({ contextName, values }) =>
      values.some((value) => value === fieldOf(context, contextName)),
    );
    if (override) return override.variant;
    const target = variantBucket(seedOf(context, stickiness ?? 'default'), groupId, total);
    let sum = 0;
    return variants.find(({ weight }) => weight > 0 && (sum += weight) >= target);
  };
}

function seedOf(context: EvaluationContext, stickiness: string): string {
  const fields = stickiness === 'default' ? defaultFields : [stickiness];
  for (const field of fields) {
    const value = fieldOf(context, field);
    if (value) return value;
  }
  return String(Math.round(Math.random() * 100_000));
}
