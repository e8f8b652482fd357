import { Injectable } from '@nestjs/common';
import { Database, decodeCursor, pageSize, toConnection, type Connection, type PageArgs } from '#platform';
import type { SdkTokenKind } from './sdk-tokens.service.js';

/** A token of a data-plane service without its secret, of which only the hash is kept. */
export interface ListedSdkToken {
  id: string;
  name: string;
  kind: SdkTokenKind;
  environment: string;
  /** null: all projects. */
  project: string | null;
  /** Slug; null: every tenant. */
  tenant: string | null;
  /** Unit key; null: all of the tenant. */
  branch: string | null;
  createdAt: Date;
  revokedAt: Date | null;
}

export interface SdkTokenFilter {
  environment?: string | null | undefined;
  /** Slug. */
  tenant?: string | null | undefined;
  /** One of them; absent or none: any. */
  kind?: readonly SdkTokenKind[] | null | undefined;
  /** true: those that were revoked; else those that open something. */
  revoked?: boolean | null | undefined;
}

/** The list of tokens of data-plane services. Nothing here changes anything. */
@Injectable()
export class SdkTokensReadModel {
  constructor(private readonly database: Database) {}

  /** The newest first. */
  async page(args: PageArgs, filter: SdkTokenFilter): Promise<Connection<ListedSdkToken>> {
    const parameters = [
      filter.environment ?? null,
      filter.tenant ?? null,
      filter.kind?.length ? filter.kind : null,
      filter.revoked ?? false,
    ];
    const rows = await this.database.query<ListedSdkToken & { sort_key: string }>(
      `select * from (
         select s.id, s.name, s.kind, s.environment, nullif(s.project, '*') as project, t.slug as tenant, s.branch,
           s.created_at as "createdAt", s.revoked_at as "revokedAt",
           to_char(s.created_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US') || ' ' || s.id as sort_key
         ${found}
       ) listed
       where $5::text is null or sort_key < $5 order by sort_key desc limit $6`,
      [...parameters, decodeCursor(args.after) ?? null, pageSize(args) + 1],
    );
    const [count] = await this.database.query<{ n: number }>(
      `select count(*)::int as n ${found}`,
      parameters,
    );
    return toConnection(rows, args, count?.n ?? 0, (row) => row.sort_key);
  }
}

const found = `from sdk_token s left join tenant t on t.id = s.tenant_id
  where ($1::text is null or s.environment = $1) and ($2::text is null or t.slug = $2)
    and ($3::text[] is null or s.kind = any($3)) and (s.revoked_at is not null) = $4`;
