import type { UnleashConstraint, UnleashFeature, UnleashSegment } from '../compiler/index.js';
import { render, type Rendered } from './rendered.js';
import type { ServedFeature } from './served-flag.js';

/** Never holds: stands for a segment that is not there. */
const never: UnleashConstraint = {
  contextName: 'segment',
  operator: 'IN',
  values: [],
  inverted: false,
  caseInsensitive: false,
};

/** Features whose strategies carry the constraints of their segments, for SDKs that know none. */
export function inlineSegments(
  features: readonly ServedFeature[],
  segmentJson: (id: number) => string | undefined,
): Rendered[] {
  const constraintsOf = (id: number): UnleashConstraint[] => {
    const json = segmentJson(id);
    return json === undefined ? [never] : (JSON.parse(json) as UnleashSegment).constraints;
  };
  return features.map((served) => {
    if (served.segments.length === 0) return served;
    const feature = JSON.parse(served.json) as UnleashFeature;
    return render({
      ...feature,
      strategies: feature.strategies.map(({ segments, ...strategy }) => ({
        ...strategy,
        constraints: [...strategy.constraints, ...(segments ?? []).flatMap(constraintsOf)],
      })),
    });
  });
}
