import { z } from 'zod';
import type { UnleashConstraint, UnleashFeature } from '../compiler/unleash-feature.js';
import { FlagInvalidError } from '../flags.errors.js';
import {
  constraintSchema,
  dependencySchema,
  featureSchema,
  strategySchema,
  variantSchema,
} from './wire-schema.js';

/** A flag of an Unleash file, as it is in the one environment that the file is of. */
export interface UnleashFileFlag {
  feature: UnleashFeature;
  /** `type:value` */
  tags: string[];
}

export interface UnleashFileSegment {
  id: number;
  name: string;
  /** null: the file names the segment and does not say what it is. */
  constraints: UnleashConstraint[] | null;
}

/** Something in a file that becomes something else here, or nothing. */
export interface ImportNote {
  /** `flag/<key>`, `segment/<name>` or the part of the file. */
  subject: string;
  /** CHANGED: taken over, but not as it was. SKIPPED: not taken over. */
  outcome: 'CHANGED' | 'SKIPPED';
  message: string;
}

/** What a file holds, whatever its format. */
export interface UnleashFile {
  format: 'EXPORT' | 'CLIENT_STATE';
  flags: UnleashFileFlag[];
  segments: UnleashFileSegment[];
  notes: ImportNote[];
}

const fileHint =
  'Export the flags of one environment in Unleash, or save what its SDKs get from /api/client/features.';
const maxFlags = 5_000;
const maxSegments = 2_000;

const segment = z.object({
  id: z.number().int(),
  name: z.string().min(1).max(200).nullish(),
  constraints: z.array(constraintSchema).max(100).nullish(),
});
const segments = z.array(segment).max(maxSegments).nullish();
const named = z.object({ featureName: z.string() });
const many = maxFlags * 20;

/** What the SDKs get. */
const clientState = z.object({ features: z.array(featureSchema).max(maxFlags), segments });

/** What `/api/admin/features-batch/export` of Unleash 7 and 8 gives. */
const exported = z.object({
  features: z.array(z.looseObject({ name: z.string(), archived: z.boolean().nullish() })).max(maxFlags),
  featureStrategies: z
    .array(
      z.looseObject({ ...named.shape, disabled: z.boolean().nullish(), sortOrder: z.number().nullish() }),
    )
    .max(many),
  featureEnvironments: z
    .array(
      z.looseObject({
        ...named.shape,
        enabled: z.boolean().nullish(),
        variants: z.array(variantSchema).max(100).nullish(),
      }),
    )
    .max(many)
    .nullish(),
  featureTags: z
    .array(z.looseObject({ ...named.shape, tagType: z.string().nullish(), tagValue: z.string() }))
    .max(many)
    .nullish(),
  dependencies: z
    .array(z.looseObject({ feature: z.string(), dependencies: z.array(dependencySchema).max(100) }))
    .max(maxFlags)
    .nullish(),
  segments,
});
type Exported = z.infer<typeof exported>;

/** Parts of an export that have no counterpart here, with why. */
const withoutCounterpart: Record<string, string> = {
  contextFields: 'Any field of a context can be used; there is nothing to declare.',
  links: 'Links of flags are not kept.',
  featureLinks: 'Links of flags are not kept.',
  releasePlans: 'Release plans become releases with waves; make them with createRelease.',
  milestones: 'Release plans become releases with waves; make them with createRelease.',
};

/**
 * Reads an export of Unleash 7 or 8, or a state as its SDKs get it.
 * @throws FlagInvalidError INVALID_INPUT with the place in the file.
 */
export function readUnleashFile(text: string): UnleashFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new FlagInvalidError(`The file is no JSON: ${(error as Error).message}.`, 'file', fileHint);
  }
  const isExport = typeof json === 'object' && json !== null && 'featureStrategies' in json;
  if (isExport) return readExport(json as object, parse(exported, json));
  const state = parse(clientState, json);
  return {
    format: 'CLIENT_STATE',
    flags: state.features.map((feature) => ({ feature, tags: [] })),
    segments: (state.segments ?? []).map(toSegment),
    notes: [],
  };
}

function readExport(json: object, file: Exported): UnleashFile {
  const notes: ImportNote[] = [];
  for (const [part, message] of Object.entries(withoutCounterpart)) {
    const value = (json as Record<string, unknown>)[part];
    if (Array.isArray(value) && value.length > 0) notes.push({ subject: part, outcome: 'SKIPPED', message });
  }
  const strategies = byFeature(file.featureStrategies);
  const environments = byFeature(file.featureEnvironments ?? []);
  const tags = byFeature(file.featureTags ?? []);
  const dependencies = new Map((file.dependencies ?? []).map((one) => [one.feature, one.dependencies]));
  const flags: UnleashFileFlag[] = [];
  for (const [index, one] of file.features.entries()) {
    const subject = `flag/${one.name}`;
    if (one.archived) {
      notes.push({ subject, outcome: 'SKIPPED', message: 'It is archived.' });
      continue;
    }
    const own = [...(strategies.get(one.name) ?? [])].sort((a, b) => (a.sortOrder ?? 0) - (b.sortOrder ?? 0));
    const active = own.filter(({ disabled }) => !disabled);
    if (active.length < own.length)
      notes.push({ subject, outcome: 'CHANGED', message: 'Its disabled strategies are left out.' });
    const [environment] = environments.get(one.name) ?? [];
    const allDisabled = own.length > 0 && active.length === 0;
    const feature = parse(
      featureSchema,
      { ...one, enabled: (environment?.enabled ?? false) && !allDisabled },
      ['features', index],
    );
    flags.push({
      feature: {
        ...feature,
        strategies: active.map((strategy) => parse(strategySchema, strategy, ['featureStrategies'])),
        variants: environment?.variants ?? [],
        dependencies: dependencies.get(one.name) ?? [],
      },
      tags: (tags.get(one.name) ?? []).map(({ tagType, tagValue }) => `${tagType ?? 'simple'}:${tagValue}`),
    });
  }
  return { format: 'EXPORT', flags, segments: (file.segments ?? []).map(toSegment), notes };
}

function toSegment({ id, name, constraints }: z.infer<typeof segment>): UnleashFileSegment {
  return { id, name: name ?? `unleash-${id}`, constraints: constraints ?? null };
}

function byFeature<T extends { featureName: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.featureName);
    if (group) group.push(item);
    else groups.set(item.featureName, [item]);
  }
  return groups;
}

function parse<T>(schema: z.ZodType<T>, value: unknown, at: readonly (string | number)[] = []): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = ['file', ...at, ...(issue?.path ?? [])].join('.');
  const message = (issue?.message ?? 'is not as Unleash writes it').replace(/\.$/, '');
  throw new FlagInvalidError(`${path}: ${message}.`, path, fileHint);
}
