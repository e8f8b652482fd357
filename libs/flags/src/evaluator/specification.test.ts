import { describe, expect, it } from '@jest/globals';
import {
  specifications,
  stateOf,
  type SpecificationContext,
  type SpecificationVariant,
} from '../../../../test/conformance/specification.js';
import { featureSchema, segmentSchema } from '../unleash-files/wire-schema.js';
import { PreparedFeature, type EvaluationContext, type FeatureResult } from './index.js';

describe('the evaluator answers the cases of @unleash/client-specification', () => {
  for (const specification of specifications()) {
    const state = stateOf(specification);
    const segments = new Map(
      (state.segments ?? []).map((segment) => segmentSchema.parse(segment)).map((one) => [one.id, one]),
    );
    const features = new Map<string, PreparedFeature>();
    for (const feature of state.features)
      features.set(
        feature.name,
        new PreparedFeature(featureSchema.parse(feature), segments, (name) => features.get(name)),
      );

    for (const { description, context, toggleName, expectedResult } of specification.tests ?? []) {
      it(`${specification.name}: ${description}`, () => {
        expect(features.get(toggleName)?.evaluate(flat(context)).enabled ?? false).toBe(expectedResult);
      });
    }
    for (const { description, context, toggleName, expectedResult } of specification.variantTests ?? []) {
      it(`${specification.name}: ${description}`, () => {
        expect(asSdk(features.get(toggleName)?.evaluate(flat(context)))).toEqual(expectedResult);
      });
    }
  }
});

function flat({ properties, ...fields }: SpecificationContext): EvaluationContext {
  return Object.fromEntries(
    Object.entries({ ...properties, ...fields }).filter(([, value]) => typeof value === 'string'),
  ) as EvaluationContext;
}

function asSdk(result: FeatureResult | undefined): SpecificationVariant {
  const { enabled = false, variant } = result ?? {};
  if (!variant) return { name: 'disabled', enabled: false, feature_enabled: enabled };
  const { name, payload } = variant;
  return { name, enabled: true, feature_enabled: enabled, ...(payload ? { payload } : {}) };
}
