import type { Database } from '#platform';
import type { UnleashSegment, UnleashStrategy, UnleashVariant } from '../compiler/index.js';
import type { FlagDefinition, FlagRule } from '../flag.js';

/** A flag as it is after the changes since some revision. */
export interface FlagUpdate extends FlagDefinition {
  description: string;
  archived: boolean;
  enabled: boolean;
  rules: FlagRule[];
  strategies: UnleashStrategy[] | null;
  featureVariants: UnleashVariant[];
  /** Of the last change that an SDK of the environment could see. */
  revision: number;
}

export interface FlagUpdates {
  /** The updates hold everything up to this revision. */
  revision: number;
  flags: FlagUpdate[];
  /** A flag that a segment touches is among the flags too. */
  segments: SegmentUpdate[];
}

export interface SegmentUpdate extends UnleashSegment {
  deleted: boolean;
}

/**
 * What changed in an environment after a revision, in one statement: its snapshot sees the head of the revision log and
 * every change up to it, since changes become visible in the order of their revisions.
 */
export async function flagUpdatesSince(
  database: Database,
  environment: string,
  revision: number,
): Promise<FlagUpdates> {
  const [row] = await database.query<{
    revision: string;
    flags: FlagUpdate[];
    segments: SegmentUpdate[];
  }>(
    `select (select revision from revision_head) as revision, coalesce((
       select json_agg(json_build_object(
         'key', f.key, 'description', f.description, 'kind', f.kind, 'variants', f.variants,
         'defaultVariant', f.default_variant, 'archived', f.archived_at is not null, 'enabled', e.enabled,
         'revision', e.revision, 'project', f.project, 'type', f.type, 'lifecycle', f.lifecycle, 'tags', f.tags,
         'impressionData', f.impression_data, 'dependencies', f.dependencies,
         'strategies', e.strategies, 'featureVariants', e.variants,
         'rules', coalesce((
           select json_agg(json_build_object('scope', json_build_object('kind', r.scope_kind, 'key', r.scope_key),
             'enabled', r.enabled, 'variant', r.variant)::jsonb || json_strip_nulls(json_build_object(
             'percentage', nullif(r.percentage, 100), 'stickiness', r.stickiness,
             'constraints', nullif(r.constraints, '[]'), 'segments', nullif(r.segments, '{}'),
             'startsAt', to_char(r.starts_at at time zone 'UTC', ${isoFormat}),
             'endsAt', to_char(r.ends_at at time zone 'UTC', ${isoFormat})))::jsonb)
           from flag_rule r where r.flag_key = e.flag_key and r.environment = e.environment), '[]')))
       from flag_environment e join flag f on f.key = e.flag_key
       where e.environment = $1 and e.revision > $2), '[]') as flags,
       coalesce((select json_agg(json_build_object('id', id, 'name', name, 'constraints', constraints,
         'deleted', deleted_at is not null)) from segment where revision > $2), '[]') as segments`,
    [environment, revision],
  );
  return { revision: Number(row?.revision ?? 0), flags: row?.flags ?? [], segments: row?.segments ?? [] };
}

const isoFormat = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
