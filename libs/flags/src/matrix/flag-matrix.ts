import { Injectable } from '@nestjs/common';
import { Database, InvalidInputError, NotFoundError } from '#platform';
import {
  FlagDecider,
  type FlagDecision,
  type UnleashStrategy,
  type UnleashVariant,
} from '../compiler/index.js';
import { contextField, environmentScope, isUnitScope, type FlagScope } from '../flag.js';
import type { FlagSubject, SubjectUnitKind } from '../flag-subjects.js';
import {
  FlagsReadModel,
  groupBy,
  toLabelledRule,
  type LabelledRule,
  type LabelledRuleRow,
} from '../flags.read-model.js';
import { toFlag, type FlagRecord, type FlagRow } from '../flags.store.js';
import { MatrixColumns, type Window } from './matrix-columns.js';

/** Cells of one window: enough for a large screen, little enough to be answered at once. */
const maxCells = 20_000;
const maxRows = 500;
const maxColumns = 500;

export interface MatrixQuestion {
  environment: string;
  rows: Window;
  columns: Window;
  tenant?: string | null | undefined;
  units: readonly SubjectUnitKind[];
  flag?: string | null | undefined;
  flagSearch?: string | null | undefined;
  columnSearch?: string | null | undefined;
}

export interface Matrix {
  rowCount: number;
  columnCount: number;
  columns: FlagSubject[];
  /** Every decision that the window holds, once: neighbours mostly share one, so cells only point at theirs. */
  decisions: FlagDecision<LabelledRule>[];
  rows: { flag: FlagRecord; cells: number[] }[];
}

interface WindowFlagRow extends FlagRow {
  on_here: boolean;
  strategies: UnleashStrategy[] | null;
  feature_variants: UnleashVariant[];
}

/** A flag as it is in an environment: on unless it is told otherwise. */
const stateColumns = (environment: string) => `f.*, coalesce(s.enabled, true) as on_here, s.strategies,
  coalesce(s.variants, '[]') as feature_variants
  from flag f left join flag_environment s on s.flag_key = f.key and s.environment = ${environment}`;

/** Every flag for every tenant and unit, a window at a time: what it is there, and which rule decides. */
@Injectable()
export class FlagMatrix {
  constructor(
    private readonly database: Database,
    private readonly readModel: FlagsReadModel,
    private readonly columns: MatrixColumns,
  ) {}

  /** @throws EnvironmentNotFoundError; NotFoundError TENANT_NOT_FOUND; InvalidInputError of a window out of bounds. */
  async window(question: MatrixQuestion): Promise<Matrix> {
    checkWindow(question);
    const { environment, tenant, units } = question;
    const [, { columns, total }, flags] = await Promise.all([
      this.readModel.requireEnvironment(environment),
      this.columns.window({ tenant, units, search: question.columnSearch }, question.columns),
      this.#flags(question),
    ]);
    if (tenant && total === 0 && !question.columnSearch)
      throw new NotFoundError('tenant', tenant, { field: 'tenant', hint: 'tierdeck get tenants' });
    const deciders = await this.#deciders(environment, flags.rows, columns);
    const decisions = new Decisions();
    const rows = flags.rows.flatMap((row) => {
      const decider = deciders.get(row.key);
      if (!decider) return [];
      return [
        {
          flag: toFlag(row),
          cells: columns.map(({ context }) => decisions.place(decider.decide(context))),
        },
      ];
    });
    return { rowCount: flags.total, columnCount: total, columns, decisions: decisions.all, rows };
  }

  /** Of the flags of a window, and of those that they depend on; with their segments, as delivery decides them. */
  async #deciders(
    environment: string,
    flags: readonly WindowFlagRow[],
    columns: readonly FlagSubject[],
  ): Promise<Map<string, FlagDecider<LabelledRule>>> {
    const all = [...flags, ...(await this.#parents(environment, flags))];
    const keys = all.map(({ key }) => key);
    const rules = await this.#rules(environment, keys, scopesOf(columns));
    const states = all.map((row) => ({
      flag: toFlag(row),
      archived: false,
      enabled: row.on_here,
      rules: rules.get(row.key) ?? [],
      strategies: row.strategies,
      featureVariants: row.feature_variants,
    }));
    const segments = await this.readModel.segmentsOf(states);
    const deciders = new Map<string, FlagDecider<LabelledRule>>();
    for (const state of states)
      deciders.set(state.flag.key, new FlagDecider(state, segments, (key) => deciders.get(key)));
    return deciders;
  }

  /** Flags outside of the window that some in it depend on; one that is archived satisfies nobody. */
  async #parents(environment: string, flags: readonly WindowFlagRow[]): Promise<WindowFlagRow[]> {
    const known = new Set(flags.map(({ key }) => key));
    const wanted = new Set(flags.flatMap(({ dependencies }) => dependencies.map(({ flag }) => flag)));
    const missing = [...wanted].filter((key) => !known.has(key));
    if (missing.length === 0) return [];
    return this.database.query<WindowFlagRow>(
      `select ${stateColumns('$1')} where f.key = any($2) and f.archived_at is null`,
      [environment, missing],
    );
  }

  async #flags({ environment, flag, flagSearch, rows: { offset, limit } }: MatrixQuestion) {
    const search = flagSearch ? `%${flagSearch.replaceAll(/[\\%_]/g, String.raw`\$&`)}%` : null;
    const found = `where f.archived_at is null and ($1::text is null or f.key = $1)
      and ($2::text is null or f.key ilike $2 or f.description ilike $2 or f.owner ilike $2)`;
    const [rows, [count]] = await Promise.all([
      this.database.query<WindowFlagRow>(
        `select ${stateColumns('$3')} ${found} order by f.key offset $4 limit $5`,
        [flag ?? null, search, environment, offset, limit],
      ),
      this.database.query<{ n: number }>(`select count(*)::int as n from flag f ${found}`, [
        flag ?? null,
        search,
      ]),
    ]);
    return { rows, total: count?.n ?? 0 };
  }

  /**
   * The rules that can decide a cell of the window, by flag: one walk along the primary key, so that a flag with a rule
   * for every tenant costs little more than one without. Kinds and keys are not paired here; that would be six times
   * slower, and a rule of another pair matches no column anyway.
   */
  async #rules(
    environment: string,
    flags: readonly string[],
    scopes: readonly FlagScope[],
  ): Promise<Map<string, LabelledRule[]>> {
    const rows = await this.database.query<LabelledRuleRow>(
      `with r as materialized (
         select * from flag_rule
         where flag_key = any($2) and environment = $1 and scope_kind = any($3) and scope_key = any($4)
       )
       select r.*, t.name as tenant_name, u.name as unit_name from r
       left join tenant t on r.scope_kind in ('TENANT', 'BRANCH', 'WAREHOUSE', 'ACCOUNT')
         and t.slug = split_part(r.scope_key, '/', 1)
       left join unit u on u.tenant_id = t.id and u.kind = r.scope_kind
         and u.code = substr(r.scope_key, length(t.slug) + 2)`,
      [
        environment,
        flags,
        [...new Set(scopes.map(({ kind }) => kind))],
        [...new Set(scopes.map(({ key }) => key))],
      ],
    );
    return groupBy(rows, (row) => row.flag_key, toLabelledRule);
  }
}

/** Decisions without repetition: those of one rule, or of none for the same reason, with the same value are the same. */
class Decisions {
  readonly all: FlagDecision<LabelledRule>[] = [];
  readonly #places = new Map<string, number>();

  place(decision: FlagDecision<LabelledRule>): number {
    const { rule, reason, enabled, variant } = decision;
    // One rule decides both ways where it turns on a share.
    const key = `${rule?.id ?? ''} ${reason} ${enabled} ${variant}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.all.length);
    return this.all.push(decision) - 1;
  }
}

/** Every scope whose rule could decide one of the columns. */
function scopesOf(columns: readonly FlagSubject[]): FlagScope[] {
  const scopes = new Map([['', environmentScope]]);
  for (const { context } of columns) {
    for (const [kind, field] of Object.entries(contextField)) {
      const key = context[field];
      if (key !== undefined) scopes.set(`${kind} ${key}`, { kind: kind as FlagScope['kind'], key });
    }
  }
  return [...scopes.values()];
}

function checkWindow({ rows, columns, units }: MatrixQuestion): void {
  if (units.some((kind) => !isUnitScope(kind)))
    throw new InvalidInputError('Flags are decided for BRANCH, WAREHOUSE and ACCOUNT units.', {
      field: 'units',
    });
  const bounds = [
    ['rows', rows, maxRows],
    ['columns', columns, maxColumns],
  ] as const;
  for (const [field, { offset, limit }, most] of bounds) {
    if (offset < 0)
      throw new InvalidInputError(`${field}.offset cannot be negative.`, { field: `${field}.offset` });
    if (limit < 1 || limit > most)
      throw new InvalidInputError(`${field}.limit is 1 to ${most}.`, { field: `${field}.limit` });
  }
  if (rows.limit * columns.limit > maxCells)
    throw new InvalidInputError(`A window has at most ${maxCells} cells.`, {
      field: 'columns.limit',
      hint: 'Ask for fewer rows or fewer columns at a time.',
    });
}
