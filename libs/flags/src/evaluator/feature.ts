import type { UnleashDependency, UnleashFeature, UnleashVariant } from '../compiler/unleash-feature.js';
import type { EvaluationContext } from './context.js';
import { prepareStrategy, type PreparedStrategy, type Segments } from './strategy.js';
import { prepareVariants, type VariantSelector } from './variant.js';

/** What a feature is for a context. */
export interface FeatureResult {
  enabled: boolean;
  variant: UnleashVariant | undefined;
}

/** Finds the feature that another depends on. */
export type FeatureLookup = (name: string) => PreparedFeature | undefined;

const off: FeatureResult = { enabled: false, variant: undefined };

/** Strategies with what they were made of, ready to be asked; the first that holds decides. */
export class PreparedStrategies {
  readonly #strategies: readonly PreparedStrategy[];
  readonly #variant: VariantSelector | undefined;

  constructor(feature: Pick<UnleashFeature, 'name' | 'strategies' | 'variants'>, segments: Segments) {
    const { name, strategies, variants } = feature;
    this.#strategies = strategies.map((strategy) => prepareStrategy(strategy, segments));
    if (variants.length > 0) this.#variant = prepareVariants(name, variants[0]?.stickiness, variants);
  }

  /** Without any strategy it is on for everybody. */
  evaluate(context: EvaluationContext): FeatureResult {
    if (this.#strategies.length === 0) return { enabled: true, variant: this.#variant?.(context) };
    for (const { holds, variant } of this.#strategies) {
      if (!holds(context)) continue;
      return { enabled: true, variant: variant?.(context) ?? this.#variant?.(context) };
    }
    return off;
  }
}

/** A feature prepared once, and asked for many contexts as every Unleash SDK answers. */
export class PreparedFeature {
  readonly #strategies: PreparedStrategies;

  constructor(
    readonly feature: UnleashFeature,
    segments: Segments,
    private readonly lookup: FeatureLookup,
  ) {
    this.#strategies = new PreparedStrategies(feature, segments);
  }

  evaluate(context: EvaluationContext): FeatureResult {
    if (!this.feature.enabled || !this.#dependenciesHold(context)) return off;
    return this.#strategies.evaluate(context);
  }

  /** One level deep: what has dependencies itself satisfies nobody's, so no cycle can be followed. */
  #dependenciesHold(context: EvaluationContext): boolean {
    return this.feature.dependencies.every((dependency) => {
      const parent = this.lookup(dependency.feature);
      if (!parent || parent.feature.dependencies.length > 0) return false;
      const { enabled, variant } = parent.evaluate(context);
      return satisfies(dependency, enabled, variant?.name);
    });
  }
}

/** Whether a parent with this answer is what its child needs. */
export function satisfies(
  { enabled: wanted, variants }: Omit<UnleashDependency, 'feature'>,
  enabled: boolean,
  variant: string | undefined,
): boolean {
  if (wanted === false) return !enabled;
  // A parent that is on without a variant has the SDKs' variant "disabled".
  return enabled && (!variants?.length || variants.includes(variant ?? 'disabled'));
}
