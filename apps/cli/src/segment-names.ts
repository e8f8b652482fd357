import type { Client } from './client.js';
import { segmentIds } from './rule-options.js';

interface Conditional {
  segments?: unknown;
}

/**
 * What a file says of flags, with ids for the names of segments: files are written by people, and other installations
 * number their segments otherwise. Looked up once, and only where a name stands.
 * @param items rules, strategies, or changes that hold strategies or rewrite a segment.
 * @throws CliError SEGMENT_NOT_FOUND
 */
export async function withSegmentIds<Item>(client: Client, items: readonly Item[]): Promise<Item[]> {
  const names = [...new Set(items.flatMap(namesIn))];
  if (names.length === 0) return [...items];
  const ids = await segmentIds(client, names);
  const found = new Map(names.map((name, index) => [name, ids[index]]));
  return items.map((item) => resolved(item, (name) => (typeof name === 'string' ? found.get(name) : name)));
}

function namesIn(item: unknown): string[] {
  if (typeof item !== 'object' || item === null) return [];
  const { segment, segments, strategies } = item as Conditional & { segment?: unknown; strategies?: unknown };
  return [
    ...[segment, ...listOf(segments)].filter((one) => typeof one === 'string'),
    ...listOf(strategies).flatMap(namesIn),
  ];
}

function resolved<Item>(item: Item, idOf: (name: unknown) => unknown): Item {
  if (typeof item !== 'object' || item === null) return item;
  const { segment, segments, strategies } = item as Conditional & { segment?: unknown; strategies?: unknown };
  return {
    ...item,
    ...(typeof segment === 'string' ? { segment: idOf(segment) } : {}),
    ...(Array.isArray(segments) ? { segments: segments.map(idOf) } : {}),
    ...(Array.isArray(strategies) ? { strategies: strategies.map((one) => resolved(one, idOf)) } : {}),
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
