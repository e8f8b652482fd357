import { z } from 'zod';
import type {
  UnleashConstraint,
  UnleashDependency,
  UnleashFeature,
  UnleashSegment,
  UnleashStrategy,
  UnleashVariant,
} from '../compiler/unleash-feature.js';
import { excessOf } from '../condition-rules.js';

/**
 * The wire shapes as files of every age have them: parts may be absent or null, numbers stand where text is meant, and
 * fields that nobody evaluates come along. What is read has every field, in the form that the SDKs get.
 */
const name = z.string().min(1).max(500);
const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const list = <Item extends z.ZodType>(item: Item, max: number) =>
  z
    .array(item)
    .max(max)
    .nullish()
    .transform((items) => items ?? []);

const payload = z.object({ type: z.enum(['string', 'number', 'json', 'csv']), value: text });

export const constraintSchema: z.ZodType<UnleashConstraint> = z
  .object({
    contextName: name,
    operator: z.string().max(50),
    values: list(text, 100_000),
    value: text.pipe(z.string().max(10_000)).nullish(),
    inverted: z.boolean().nullish(),
    caseInsensitive: z.boolean().nullish(),
  })
  .transform(({ contextName, operator, values, value, inverted, caseInsensitive }) => ({
    contextName,
    operator,
    values,
    ...(value === undefined || value === null ? {} : { value }),
    inverted: inverted ?? false,
    caseInsensitive: caseInsensitive ?? false,
  }))
  .superRefine((constraint, context) => {
    const excess = excessOf(constraint);
    if (excess) context.addIssue({ code: 'custom', path: [excess.field], message: excess.message });
  });

export const segmentSchema: z.ZodType<UnleashSegment> = z
  .object({
    id: z.number().int(),
    name: z.string().max(200).nullish(),
    constraints: list(constraintSchema, 100),
  })
  .transform(({ id, name: own, constraints }) => ({ id, ...(own ? { name: own } : {}), constraints }));

export const variantSchema: z.ZodType<UnleashVariant> = z
  .object({
    name,
    weight: z.number().min(0).max(100_000).default(1_000),
    weightType: z.enum(['fix', 'variable']).nullish(),
    stickiness: z.string().max(200).nullish(),
    payload: payload.nullish(),
    overrides: list(z.object({ contextName: name, values: list(text, 10_000) }), 100),
  })
  .transform(({ weightType, stickiness, payload: value, overrides, ...rest }) => ({
    ...rest,
    ...(weightType ? { weightType } : {}),
    ...(stickiness ? { stickiness } : {}),
    ...(value ? { payload: value } : {}),
    ...(overrides.length > 0 ? { overrides } : {}),
  }));

const strategyWith = <Reference extends string | number>(segment: z.ZodType<Reference>) =>
  z
    .object({
      name,
      parameters: z.record(z.string().max(200), text.nullish()).nullish(),
      constraints: list(constraintSchema, 100),
      segments: list(segment, 100),
      variants: list(variantSchema, 100),
    })
    .transform(({ name: own, parameters, constraints, segments, variants }) => ({
      name: own,
      parameters: Object.fromEntries(
        Object.entries(parameters ?? {}).flatMap(([key, value]) => (value ? [[key, value]] : [])),
      ) as Record<string, string>,
      constraints,
      ...(segments.length > 0 ? { segments } : {}),
      variants,
    }));

export const strategySchema: z.ZodType<UnleashStrategy> = strategyWith(z.number().int());

/** A segment in a manifest: its name, or the number of one that is not here. */
export const segmentReference = z.union([z.number().int(), z.string().min(1).max(200)]);
/** As {@link strategySchema}, with segments by name. */
export const manifestStrategySchema = strategyWith(segmentReference);

export const dependencySchema: z.ZodType<UnleashDependency> = z
  .object({ feature: name, enabled: z.boolean().nullish(), variants: list(name, 100) })
  .transform(({ feature, enabled, variants }) => ({
    feature,
    ...(enabled === false ? { enabled } : {}),
    ...(variants.length > 0 ? { variants } : {}),
  }));

export const featureSchema: z.ZodType<UnleashFeature> = z
  .object({
    name,
    type: z.string().max(50).nullish(),
    project: z.string().max(100).nullish(),
    description: z.string().max(10_000).nullish(),
    enabled: z.boolean().default(false),
    stale: z.boolean().nullish(),
    impressionData: z.boolean().nullish(),
    strategies: list(strategySchema, 1_000),
    variants: list(variantSchema, 100),
    dependencies: list(dependencySchema, 100),
  })
  .transform(({ type, project, description, stale, impressionData, ...rest }) => ({
    ...rest,
    type: type ?? 'release',
    project: project ?? 'default',
    ...(description ? { description } : {}),
    stale: stale ?? false,
    impressionData: impressionData ?? false,
  }));
