import { Injectable } from '@nestjs/common';
import { Database, decodeCursor, pageSize, toConnection, type Connection, type PageArgs } from '#platform';
import type { OperationStatus } from './operation.js';
import type { OperationRow, StepRow } from './operations.store.js';

/** An operation as it is shown. */
export interface OperationView {
  id: string;
  kind: string;
  subject: string;
  tenantId: string | null;
  status: OperationStatus;
  error: { code: string; message: string; hint: string | null } | null;
  requestedBy: string;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

export interface StepView {
  name: string;
  title: string;
  status: StepRow['status'];
  attempts: number;
  progress: Record<string, unknown> | null;
  errorMessage: string | null;
  startedAt: Date | null;
  finishedAt: Date | null;
}

export interface OperationFilter {
  tenantId?: string | undefined;
  status?: OperationStatus[] | null | undefined;
}

const condition = `($1::uuid is null or tenant_id = $1) and ($2::text[] is null or status = any($2))`;

/** Lists of operations, the newest first. */
@Injectable()
export class OperationsReadModel {
  constructor(private readonly database: Database) {}

  async byId(id: string): Promise<OperationView | undefined> {
    const [row] = await this.database.query<OperationRow>('select * from operation where id::text = $1', [
      id,
    ]);
    return row && toView(row);
  }

  async page(filter: OperationFilter, args: PageArgs): Promise<Connection<OperationView>> {
    const parameters = [filter.tenantId ?? null, filter.status ?? null];
    const rows = await this.database.query<OperationRow & { key: string }>(
      `select *, created_at::text || '|' || id as key from operation
       where ${condition} and ($3::text is null or (created_at, id) < (split_part($3, '|', 1)::timestamptz, split_part($3, '|', 2)::uuid))
       order by created_at desc, id desc limit $4`,
      [...parameters, decodeCursor(args.after) ?? null, pageSize(args) + 1],
    );
    const [count] = await this.database.query<{ count: number }>(
      `select count(*)::int as count from operation where ${condition}`,
      parameters,
    );
    const views = rows.map((row) => ({ ...toView(row), key: row.key }));
    return toConnection(views, args, count?.count ?? 0, ({ key }) => key);
  }

  /** Steps of each operation, in order; for data loaders. */
  async steps(operationIds: readonly string[]): Promise<StepView[][]> {
    const rows = await this.database.query<StepRow>(
      'select * from operation_step where operation_id = any($1) order by operation_id, position',
      [operationIds],
    );
    return operationIds.map((id) => rows.filter(({ operation_id }) => operation_id === id).map(toStep));
  }
}

function toView(row: OperationRow): OperationView {
  const { error_code: code, error_message: message, error_hint: hint } = row;
  return {
    id: row.id,
    kind: row.kind,
    subject: row.subject,
    tenantId: row.tenant_id,
    status: row.status,
    error: code ? { code, message: message ?? '', hint } : null,
    requestedBy: row.requested_by,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

function toStep(row: StepRow): StepView {
  return {
    name: row.name,
    title: row.title,
    status: row.status,
    attempts: row.attempts,
    progress: row.progress,
    errorMessage: row.error_message,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}
