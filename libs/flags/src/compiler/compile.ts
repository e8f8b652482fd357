import type { Segments } from '../evaluator/index.js';
import type { FlagDependency } from '../flag.js';
import { baseStrategies, type FlagState } from './evaluate.js';
import { compileRules } from './rule-strategies.js';
import type { UnleashDependency, UnleashFeature, UnleashStrategy } from './unleash-feature.js';

const noSegments: Segments = new Map();

/**
 * Compiles a flag of an environment to an Unleash feature that every SDK evaluates as {@link evaluate} does.
 * @throws TooManyStrategiesError if its rules hang together too much; the service never lets such rules in.
 */
export function compileFeature(
  state: FlagState,
  description?: string,
  segments: Segments = noSegments,
): UnleashFeature {
  const { flag, rules } = state;
  const { strategies: base, variants } = baseStrategies(state);
  const live = state.enabled && !state.archived && flag.lifecycle !== 'DRAFT';
  // Strategies that nobody wrote rules around stay as they are, even none at all: the feature is then on for everybody.
  const untouched = live && base !== null && rules.length === 0;
  const strategies = untouched ? [...base] : live ? compileRules(flag, rules, baseOf(base), segments) : [];
  return {
    name: flag.key,
    type: flag.type ?? 'release',
    project: flag.project ?? 'default',
    ...(description ? { description } : {}),
    // A feature without strategies is on for everybody in the SDKs: with nothing that turns it on, it must be off.
    enabled: untouched || strategies.length > 0,
    stale: flag.lifecycle === 'STALE',
    impressionData: flag.impressionData ?? false,
    strategies,
    variants: [...variants],
    dependencies: (flag.dependencies ?? []).map(compileDependency),
  };
}

/** Where rules come on top, "on for everybody" needs a strategy that says so. */
function baseOf(base: readonly UnleashStrategy[] | null): readonly UnleashStrategy[] {
  if (base === null || base.length > 0) return base ?? [];
  return [{ name: 'default', parameters: {}, constraints: [], variants: [] }];
}

function compileDependency({ flag, enabled, variants }: FlagDependency): UnleashDependency {
  return {
    feature: flag,
    ...(enabled === false ? { enabled } : {}),
    ...(variants?.length ? { variants: [...variants] } : {}),
  };
}
