import { Injectable } from '@nestjs/common';
import { Database, decodeCursor, pageSize, toConnection, type Connection, type PageArgs } from '#platform';
import type { Approval, ChangeRequest, ChangeRequestStatus } from './change-request.js';
import { ChangeRequestNotFoundError } from './change-requests.errors.js';
import { changeRequestSelection, toChangeRequest, type ChangeRequestRow } from './change-requests.store.js';

export interface ChangeRequestFilter {
  environment?: string | null | undefined;
  status?: readonly ChangeRequestStatus[] | null | undefined;
  /** Only requests that change this flag. */
  flag?: string | null | undefined;
}

export interface ApprovalPolicy {
  environment: string;
  riskClass: 'STANDARD' | 'FINANCIAL';
  minApprovals: number;
}

/** Reads of change requests for lists and pages. Nothing here changes anything. */
@Injectable()
export class ChangeRequestsReadModel {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async page(args: PageArgs, filter: ChangeRequestFilter): Promise<Connection<ChangeRequest>> {
    const where = `($1::text is null or c.environment = $1) and ($2::text[] is null or c.status = any($2))
      and ($3::text is null or c.changes @> jsonb_build_array(jsonb_build_object('flag', $3::text)))`;
    const parameters = [
      filter.environment ?? null,
      filter.status?.length ? filter.status : null,
      filter.flag ?? null,
    ];
    const sortKey = `to_char(c.created_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US') || ' ' || c.id`;
    const rows = await this.database.query<ChangeRequestRow & { sort_key: string }>(
      `select *, sort_key from (${changeRequestSelection.replace(' from ', `, ${sortKey} as sort_key from `)}
         where ${where}) found
       where ($4::text is null or sort_key < $4) order by sort_key desc limit $5`,
      [...parameters, decodeCursor(args.after) ?? null, pageSize(args) + 1],
    );
    const [count] = await this.database.query<{ n: number }>(
      `select count(*)::int as n from change_request c where ${where}`,
      parameters,
    );
    const page = toConnection(rows, args, count?.n ?? 0, (row) => row.sort_key);
    return {
      ...page,
      edges: page.edges.map(({ cursor, node }) => ({ cursor, node: toChangeRequest(node) })),
    };
  }

  async find(id: string): Promise<ChangeRequest | undefined> {
    if (!/^[0-9a-f-]{36}$/i.test(id)) return undefined;
    const [row] = await this.database.query<ChangeRequestRow>(`${changeRequestSelection} where c.id = $1`, [
      id,
    ]);
    return row && toChangeRequest(row);
  }

  /** @throws ChangeRequestNotFoundError CHANGE_REQUEST_NOT_FOUND */
  async byId(id: string): Promise<ChangeRequest> {
    const request = await this.find(id);
    if (!request) throw new ChangeRequestNotFoundError(id);
    return request;
  }

  /** The approvals of each request, with those that an edit has voided. */
  async approvals(ids: readonly string[]): Promise<Approval[][]> {
    const rows = await this.database.query<Approval & { request_id: string }>(
      `select a.request_id, a.by_name as by, a.at, a.digest, a.version, a.comment,
         a.version = c.version and a.digest = c.digest as counts
       from change_request_approval a join change_request c on c.id = a.request_id
       where a.request_id = any($1) order by a.at`,
      [ids],
    );
    return ids.map((id) => rows.filter((row) => row.request_id === id));
  }

  /** What holds for every environment and risk class. */
  policies(): Promise<ApprovalPolicy[]> {
    return this.database.query<ApprovalPolicy>(
      `select e.name as environment, r.risk_class as "riskClass",
         approvals_needed(e.name, r.risk_class) as "minApprovals"
       from environment e cross join unnest(array['STANDARD', 'FINANCIAL']) as r(risk_class)
       order by e.position, r.risk_class desc`,
    );
  }
}
