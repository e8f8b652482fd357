import { Injectable } from '@nestjs/common';
import {
  Database,
  decodeCursor,
  InvalidInputError,
  pageSize,
  toConnection,
  type Connection,
  type PageArgs,
} from '#platform';
import type { FlagKind, FlagLifecycle, RiskClass } from './flag.js';
import { toFlag, type FlagRecord, type FlagRow } from './flags.store.js';

export interface FlagFilter {
  search?: string | null | undefined;
  /** Absent: only flags in use. */
  archived?: boolean | null | undefined;
  /** Each of the following: one of the values; absent or none: any. */
  project?: readonly string[] | null | undefined;
  kind?: readonly FlagKind[] | null | undefined;
  riskClass?: readonly RiskClass[] | null | undefined;
  owner?: readonly string[] | null | undefined;
  lifecycle?: readonly FlagLifecycle[] | null | undefined;
  /** Only flags that are off in an environment by its kill switch. */
  killed?: boolean | null | undefined;
}

const mostFilterValues = 100;

/** The list of flags, and what it can be narrowed by. */
@Injectable()
export class FlagListReadModel {
  constructor(private readonly database: Database) {}

  /**
   * By key.
   * @param keys only these; absent: all.
   * @throws InvalidInputError INVALID_INPUT for more values of a filter than anybody chooses.
   */
  async page(args: PageArgs, filter: FlagFilter, keys?: readonly string[]): Promise<Connection<FlagRecord>> {
    const search = filter.search ? `%${filter.search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%` : null;
    const parameters = [
      search,
      filter.archived ?? false,
      valuesOf(filter, 'project'),
      valuesOf(filter, 'kind'),
      valuesOf(filter, 'riskClass'),
      valuesOf(filter, 'owner'),
      valuesOf(filter, 'lifecycle'),
      filter.killed ?? false,
      keys ?? null,
    ];
    const rows = await this.database.query<FlagRow>(
      `select * from flag where ${where} and ($10::text is null or key > $10) order by key limit $11`,
      [...parameters, decodeCursor(args.after) ?? null, pageSize(args) + 1],
    );
    const [count] = await this.database.query<{ n: number }>(
      `select count(*)::int as n from flag where ${where}`,
      parameters,
    );
    return toConnection(rows.map(toFlag), args, count?.n ?? 0, ({ key }) => key);
  }

  /** Of flags in use. */
  async owners(): Promise<string[]> {
    const rows = await this.database.query<{ owner: string }>(
      'select distinct owner from flag where owner is not null and archived_at is null order by owner limit 1000',
    );
    return rows.map(({ owner }) => owner);
  }
}

const where = `($1::text is null or key ilike $1 or description ilike $1 or owner ilike $1)
  and (archived_at is not null) = $2
  and ($3::text[] is null or project = any($3)) and ($4::text[] is null or kind = any($4))
  and ($5::text[] is null or risk_class = any($5)) and ($6::text[] is null or owner = any($6))
  and ($7::text[] is null or lifecycle = any($7))
  and (not $8 or exists (select from flag_environment e where e.flag_key = key and not e.enabled))
  and ($9::text[] is null or key = any($9))`;

function valuesOf(
  filter: FlagFilter,
  field: 'project' | 'kind' | 'riskClass' | 'owner' | 'lifecycle',
): readonly string[] | null {
  const values = filter[field];
  if (!values?.length) return null;
  if (values.length > mostFilterValues)
    throw new InvalidInputError(`${field} takes at most ${mostFilterValues} values.`, { field });
  return values;
}
