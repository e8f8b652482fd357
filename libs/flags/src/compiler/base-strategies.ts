import type { FlagState } from './evaluate.js';
import type { UnleashStrategy, UnleashVariant } from './unleash-feature.js';

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
