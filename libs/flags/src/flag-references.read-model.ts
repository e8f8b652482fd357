import { Injectable } from '@nestjs/common';
import { Database } from '#platform';
import type { RiskClass } from './flag.js';

/** Where a segment decides: a flag in an environment. */
export interface SegmentUse {
  segment: number;
  flag: string;
  environment: string;
  riskClass: RiskClass;
  /** Rules of the flag there that name it. */
  rules: number;
  /** Whether one of its Unleash strategies there names it. */
  strategies: boolean;
}

/** What refers to segments, projects and flags: read before one of them is changed. */
@Injectable()
export class FlagReferencesReadModel {
  constructor(private readonly database: Database) {}

  /** Flags in use that name each segment, by flag and environment. */
  async segmentUses(ids: readonly number[]): Promise<SegmentUse[][]> {
    const rows = await this.database.query<SegmentUse>(
      `select u.segment, u.flag, u.environment, f.risk_class as "riskClass",
         sum(u.rules)::int as rules, bool_or(u.strategy) as strategies
       from (
         select s.id as segment, r.flag_key as flag, r.environment, 1 as rules, false as strategy
           from unnest($1::int[]) as s(id) join flag_rule r on s.id = any(r.segments)
         union all
         select s.id, e.flag_key, e.environment, 0, true
           from unnest($1::int[]) as s(id) join flag_environment e
             on jsonb_path_exists(e.strategies, '$[*].segments[*] ? (@ == $id)', jsonb_build_object('id', s.id))
       ) u join flag f on f.key = u.flag and f.archived_at is null
       join environment e on e.name = u.environment
       group by u.segment, u.flag, u.environment, f.risk_class, e.position
       order by u.flag, e.position`,
      [ids],
    );
    return ids.map((id) => rows.filter(({ segment }) => segment === id));
  }

  /** Flags in use that depend on each flag. */
  async dependents(flags: readonly string[]): Promise<string[][]> {
    const rows = await this.database.query<{ parent: string; key: string }>(
      `select distinct d ->> 'flag' as parent, f.key from flag f, jsonb_array_elements(f.dependencies) d
       where f.archived_at is null and d ->> 'flag' = any($1) order by f.key`,
      [flags],
    );
    return flags.map((flag) => rows.filter(({ parent }) => parent === flag).map(({ key }) => key));
  }

  /** How many flags in use each project has. */
  async flagCounts(projects: readonly string[]): Promise<number[]> {
    const rows = await this.database.query<{ project: string; flags: number }>(
      `select project, count(*)::int as flags from flag
       where project = any($1) and archived_at is null group by project`,
      [projects],
    );
    const counts = new Map(rows.map(({ project, flags }) => [project, flags]));
    return projects.map((key) => counts.get(key) ?? 0);
  }
}
