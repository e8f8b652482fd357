import type { Database } from '#platform';
import type { FlagDefinition, FlagRule } from '../flag.js';

/** A flag as it is after the changes since some revision. */
export interface FlagUpdate extends FlagDefinition {
  description: string;
  archived: boolean;
  enabled: boolean;
  rules: FlagRule[];
  /** Of the last change that an SDK of the environment could see. */
  revision: number;
}

export interface FlagUpdates {
  /** The updates hold everything up to this revision. */
  revision: number;
  flags: FlagUpdate[];
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
  const [row] = await database.query<{ revision: string; flags: FlagUpdate[] }>(
    `select (select revision from revision_head) as revision, coalesce((
       select json_agg(json_build_object(
         'key', f.key, 'description', f.description, 'kind', f.kind, 'variants', f.variants,
         'defaultVariant', f.default_variant, 'archived', f.archived_at is not null, 'enabled', e.enabled,
         'revision', e.revision,
         'rules', coalesce((
           select json_agg(json_build_object('scope', json_build_object('kind', r.scope_kind, 'key', r.scope_key),
             'enabled', r.enabled, 'variant', r.variant))
           from flag_rule r where r.flag_key = e.flag_key and r.environment = e.environment), '[]')))
       from flag_environment e join flag f on f.key = e.flag_key
       where e.environment = $1 and e.revision > $2), '[]') as flags`,
    [environment, revision],
  );
  return { revision: Number(row?.revision ?? 0), flags: row?.flags ?? [] };
}
