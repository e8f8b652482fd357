import { Injectable } from '@nestjs/common';
import { Database } from '#platform';
import { flagsOf, segmentsOf as changedSegments, type WantedChange } from './change-requests/flag-change.js';
import type { FlagState, UnleashSegment } from './compiler/index.js';
import type { Segments } from './evaluator/index.js';
import type { FlagScope } from './flag.js';
import type { EnvironmentStrategies } from './flag-strategies.store.js';
import { EnvironmentNotFoundError, FlagNotFoundError } from './flags.errors.js';
import {
  toFlag,
  toRule,
  type FlagRecord,
  type FlagRow,
  type RuleRow,
  type StoredRule,
} from './flags.store.js';

/** A rule with a name of its scope that a person knows. */
export interface LabelledRule extends StoredRule {
  label: string;
}

/** A flag in one environment, with all that decides it. */
export interface EnvironmentFlag extends FlagState<LabelledRule> {
  flag: FlagRecord;
  environment: string;
  revision: number;
}

export interface FlagEnvironmentSummary {
  flag: string;
  name: string;
  enabled: boolean;
  revision: number;
  /** Evaluations that SDKs reported. */
  metrics: { yes: number; no: number; lastSeenAt: Date | null };
}

export interface LabelledRuleRow extends RuleRow {
  tenant_name: string | null;
  unit_name: string | null;
}

const mostDependents = 500;

/** Reads of flags for pages and explanations. Plain SQL; nothing here changes anything. */
@Injectable()
export class FlagsReadModel {
  constructor(private readonly database: Database) {}

  /** Flags in use that depend on one of these. */
  async dependents(keys: readonly string[]): Promise<string[]> {
    const rows = await this.database.query<{ key: string }>(
      `select distinct f.key from flag f, jsonb_array_elements(f.dependencies) d
       where f.archived_at is null and d ->> 'flag' = any($1) order by f.key limit $2`,
      [keys, mostDependents],
    );
    return rows.map(({ key }) => key);
  }

  async find(key: string): Promise<FlagRecord | undefined> {
    const [flag] = await this.byKeys([key]);
    return flag;
  }

  /** Those that there are, archived ones too. */
  async byKeys(keys: readonly string[]): Promise<FlagRecord[]> {
    if (keys.length === 0) return [];
    const rows = await this.database.query<FlagRow>('select * from flag where key = any($1)', [keys]);
    return rows.map(toFlag);
  }

  /** @throws FlagNotFoundError FLAG_NOT_FOUND */
  async byKey(key: string): Promise<FlagRecord> {
    const flag = await this.find(key);
    if (!flag) throw new FlagNotFoundError(key);
    return flag;
  }

  /** @throws EnvironmentNotFoundError ENVIRONMENT_NOT_FOUND */
  async requireEnvironment(name: string): Promise<void> {
    const rows = await this.database.query<{ name: string }>(
      'select name from environment order by position',
    );
    const known = rows.map((row) => row.name);
    if (!known.includes(name)) throw new EnvironmentNotFoundError(name, known);
  }

  /** The environments of each flag, in their order. */
  async environments(keys: readonly string[]): Promise<FlagEnvironmentSummary[][]> {
    const rows = await this.database.query<{
      flag_key: string;
      name: string;
      enabled: boolean;
      revision: string;
      yes: string;
      no: string;
      last_seen_at: Date | null;
    }>(
      `select f.key as flag_key, e.name, coalesce(s.enabled, true) as enabled, coalesce(s.revision, 0) as revision,
         coalesce(m.yes, 0) as yes, coalesce(m.no, 0) as no, m.last_seen_at
       from flag f cross join environment e
       left join flag_environment s on s.flag_key = f.key and s.environment = e.name
       left join flag_metric m on m.flag_key = f.key and m.environment = e.name
       where f.key = any($1) order by e.position`,
      [keys],
    );
    const byFlag = groupBy(
      rows.map((row) => ({
        flag: row.flag_key,
        name: row.name,
        enabled: row.enabled,
        revision: Number(row.revision),
        metrics: { yes: Number(row.yes), no: Number(row.no), lastSeenAt: row.last_seen_at },
      })),
      ({ flag }) => flag,
      (summary) => summary,
    );
    return keys.map((key) => byFlag.get(key) ?? []);
  }

  /** Rules of flags in environments, least specific scope first, for each pair that was asked for. */
  async rules(pairs: readonly { flag: string; environment: string }[]): Promise<LabelledRule[][]> {
    const rows = await this.database.query<LabelledRuleRow>(
      `${labelledRules} join unnest($1::text[], $2::text[]) as wanted(flag, environment)
         on wanted.flag = r.flag_key and wanted.environment = r.environment
       order by ${scopeOrder}, r.scope_key`,
      [pairs.map(({ flag }) => flag), pairs.map(({ environment }) => environment)],
    );
    const byPair = groupBy(rows, (row) => `${row.flag_key} ${row.environment}`, toLabelledRule);
    return pairs.map(({ flag, environment }) => byPair.get(`${flag} ${environment}`) ?? []);
  }

  /** One flag with what decides it. @throws FlagNotFoundError, EnvironmentNotFoundError */
  async state(key: string, environment: string): Promise<EnvironmentFlag> {
    await this.requireEnvironment(environment);
    const [state] = await this.states(environment, [await this.byKey(key)]);
    if (!state) throw new FlagNotFoundError(key);
    return state;
  }

  /** Flags with what decides them in an environment; {@link segmentsOf} and the flags they depend on are apart. */
  async states(environment: string, flags: readonly FlagRecord[]): Promise<EnvironmentFlag[]> {
    const keys = flags.map(({ key }) => key);
    const pairs = keys.map((flag) => ({ flag, environment }));
    const [summaries, rules, strategies] = await Promise.all([
      this.environments(keys),
      this.rules(pairs),
      this.strategies(pairs),
    ]);
    return flags.map((flag, index) => {
      const summary = summaries[index]?.find(({ name }) => name === environment);
      return {
        flag,
        environment,
        archived: flag.archived,
        enabled: summary?.enabled ?? true,
        revision: summary?.revision ?? 0,
        rules: rules[index] ?? [],
        strategies: strategies[index]?.strategies ?? null,
        featureVariants: strategies[index]?.variants ?? [],
      };
    });
  }

  /** The segments that rules and strategies refer to, in one query; what is deleted is not among them. */
  async segmentsOf(states: readonly Pick<FlagState, 'rules' | 'strategies'>[]): Promise<Segments> {
    const ids = new Set(
      states.flatMap(({ rules, strategies }) =>
        [...rules, ...(strategies ?? [])].flatMap(({ segments }) => segments ?? []),
      ),
    );
    return this.#segments([...ids]);
  }

  /** Keys of the flags that changes name, and of those that a segment they rewrite decides in the environment. */
  async flagsOfChanges(environment: string, changes: readonly WantedChange[]): Promise<string[]> {
    const ids = changedSegments(changes).map(({ segment }) => segment);
    const named = flagsOf(changes);
    if (ids.length === 0) return named;
    const rows = await this.database.query<{ flag_key: string }>(
      `select distinct u.flag_key from unnest($1::int[]) as id, segment_use(id) u
       where u.environment = $2 order by u.flag_key`,
      [ids, environment],
    );
    return [...new Set([...named, ...rows.map((row) => row.flag_key)])];
  }

  /** Strategies of flags in environments, for each pair that was asked for; none where nothing was ever set. */
  async strategies(
    pairs: readonly { flag: string; environment: string }[],
  ): Promise<EnvironmentStrategies[]> {
    const rows = await this.database.query<EnvironmentStrategies & { flag_key: string; environment: string }>(
      `select s.flag_key, s.environment, s.strategies, s.variants
       from flag_environment s join unnest($1::text[], $2::text[]) as wanted(flag, environment)
         on wanted.flag = s.flag_key and wanted.environment = s.environment`,
      [pairs.map(({ flag }) => flag), pairs.map(({ environment }) => environment)],
    );
    const found = new Map(rows.map((row) => [`${row.flag_key} ${row.environment}`, row]));
    return pairs.map(({ flag, environment }) => {
      const { strategies = null, variants = [] } = found.get(`${flag} ${environment}`) ?? {};
      return { strategies, variants };
    });
  }

  /** Names of segments, null for those that are not there. */
  async segmentNames(ids: readonly number[]): Promise<(string | null)[]> {
    const segments = await this.#segments(ids);
    return ids.map((id) => segments.get(id)?.name ?? null);
  }

  async #segments(ids: readonly number[]): Promise<Segments> {
    if (ids.length === 0) return new Map();
    const rows = await this.database.query<UnleashSegment>(
      'select id, name, constraints from segment where id = any($1) and deleted_at is null',
      [ids],
    );
    return new Map(rows.map((segment) => [segment.id, segment]));
  }
}

const scopeOrder = `array_position(
  array['ENVIRONMENT','TIER','REGION','TENANT','BRANCH','WAREHOUSE','ACCOUNT','USER'], r.scope_kind)`;

const labelledRules = `select r.*, t.name as tenant_name, u.name as unit_name from flag_rule r
  left join tenant t on r.scope_kind in ('TENANT', 'BRANCH', 'WAREHOUSE', 'ACCOUNT')
    and t.slug = split_part(r.scope_key, '/', 1)
  left join unit u on u.tenant_id = t.id and u.kind = r.scope_kind
    and u.code = substr(r.scope_key, length(t.slug) + 2)`;

export function toLabelledRule(row: LabelledRuleRow): LabelledRule {
  const rule = toRule(row);
  return { ...rule, label: scopeLabel(rule.scope, row.tenant_name, row.unit_name) };
}

/** What a person calls a scope: `Seattle, Northwind Traders`. */
function scopeLabel(scope: FlagScope, tenantName?: string | null, unitName?: string | null): string {
  switch (scope.kind) {
    case 'ENVIRONMENT':
      return 'Everywhere';
    case 'TIER':
      return `Tier ${scope.key}`;
    case 'REGION':
      return `Region ${scope.key}`;
    case 'USER':
      return `User ${scope.key}`;
    case 'TENANT':
      return tenantName ?? scope.key;
    default:
      return unitName && tenantName ? `${unitName}, ${tenantName}` : scope.key;
  }
}

export function groupBy<Row, Item>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  itemOf: (row: Row) => Item,
): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(itemOf(row));
    else groups.set(keyOf(row), [itemOf(row)]);
  }
  return groups;
}
