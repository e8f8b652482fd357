import { rowsOf, type Transaction } from '#platform';
import { segmentsById } from '../flag-strategies.store.js';
import type { FlagSpec } from './flag-manifest.schema.js';

type Reference = string | number;

/** Ids of the segments that a flag's manifest names; those that are not here are not among them. */
export async function segmentIds(tx: Transaction, spec: FlagSpec): Promise<Map<string, number>> {
  const names = references(spec).filter((one) => typeof one === 'string');
  if (names.length === 0) return new Map();
  const rows = await rowsOf<{ id: number; name: string }>(
    tx,
    'select id, name from segment where name = any($1) and deleted_at is null',
    [names],
  );
  return new Map(rows.map(({ id, name }) => [name, id]));
}

/** The segments that it names by their number and that are here. */
export async function segmentsThere(tx: Transaction, spec: FlagSpec): Promise<ReadonlySet<number>> {
  const ids = references(spec).filter((one) => typeof one === 'number');
  return ids.length === 0 ? new Set() : new Set((await segmentsById(tx, ids)).keys());
}

function references(spec: FlagSpec): Reference[] {
  return Object.values(spec.environments).flatMap(({ rules, strategies }) =>
    [...rules, ...(strategies ?? [])].flatMap(({ segments = [] }) => segments),
  );
}

/** The spec with ids for the names of segments, as rules and strategies are stored. */
export async function withSegmentIds(tx: Transaction, spec: FlagSpec): Promise<FlagSpec> {
  const ids = await segmentIds(tx, spec);
  const resolved = <Item extends { segments?: Reference[] | undefined }>(item: Item): Item =>
    item.segments
      ? {
          ...item,
          segments: item.segments.map((one) => (typeof one === 'string' ? (ids.get(one) ?? one) : one)),
        }
      : item;
  const environments = Object.entries(spec.environments).map(([name, one]) => [
    name,
    { ...one, rules: one.rules.map(resolved), strategies: one.strategies?.map(resolved) ?? null },
  ]);
  return { ...spec, environments: Object.fromEntries(environments) as FlagSpec['environments'] };
}
