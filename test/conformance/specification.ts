import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The public conformance cases for Unleash SDKs, as their package has them. */
const folder = join(
  dirname(createRequire(import.meta.url).resolve('@unleash/client-specification/package.json')),
  'specifications',
);

export interface SpecificationContext {
  properties?: Record<string, string | null>;
  [field: string]: unknown;
}

export interface SpecificationVariant {
  name: string;
  enabled: boolean;
  feature_enabled: boolean;
  payload?: { type: string; value: string };
}

export interface SpecificationCase<Expected> {
  description: string;
  context: SpecificationContext;
  toggleName: string;
  expectedResult: Expected;
}

export interface Specification {
  name: string;
  /** A state as `/api/client/features` carries it, or the events of a delta. */
  state: SpecificationState | { events: SpecificationEvent[] };
  tests?: SpecificationCase<boolean>[];
  variantTests?: SpecificationCase<SpecificationVariant>[];
}

export interface SpecificationState {
  version: number;
  features: { name: string; [field: string]: unknown }[];
  segments?: { id: number; [field: string]: unknown }[];
}

export interface SpecificationEvent {
  type: string;
  features?: SpecificationState['features'];
  segments?: SpecificationState['segments'];
  feature?: SpecificationState['features'][number];
  featureName?: string;
  segment?: { id: number; [field: string]: unknown };
  segmentId?: number;
}

/** Every file, in order. */
export function specifications(): Specification[] {
  const names = readJson('index.json') as string[];
  return names.map((name) => readJson(name) as Specification);
}

/** The state that a file stands for: its own, or what its events add up to. */
export function stateOf({ state }: Specification): SpecificationState {
  if (!('events' in state)) return state;
  const features = new Map<string, SpecificationState['features'][number]>();
  const segments = new Map<number, { id: number }>();
  for (const event of state.events) {
    for (const feature of [...(event.features ?? []), ...(event.feature ? [event.feature] : [])])
      features.set(feature.name, feature);
    for (const segment of [...(event.segments ?? []), ...(event.segment ? [event.segment] : [])])
      segments.set(segment.id, segment);
    if (event.featureName !== undefined) features.delete(event.featureName);
    if (event.segmentId !== undefined) segments.delete(event.segmentId);
  }
  return { version: 2, features: [...features.values()], segments: [...segments.values()] };
}

/** Number of cases in a file. */
export function caseCount({ tests = [], variantTests = [] }: Specification): number {
  return tests.length + variantTests.length;
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}
