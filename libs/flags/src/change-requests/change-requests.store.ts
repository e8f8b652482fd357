import { rowsOf, type Transaction } from '#platform';
import type { ChangeRequest, ChangeRequestStatus, Reference } from './change-request.js';
import type { FlagChange } from './flag-change.js';

export interface ChangeRequestRow {
  id: string;
  title: string;
  description: string;
  environment: string;
  changes: FlagChange[];
  refers_to: Reference[];
  digest: string;
  version: number;
  status: ChangeRequestStatus;
  status_reason: string | null;
  lint_override: string | null;
  author: string;
  author_id: string;
  author_person: string;
  created_at: Date;
  updated_at: Date;
  apply_at: Date | null;
  applied_at: Date | null;
  applied_by: string | null;
  approvals_needed: number;
  approvals_given: number;
}

/** A change request with how many approvals it needs and has. */
export const changeRequestSelection = `select c.*, change_request_needs(c.environment, c.changes) as approvals_needed,
  change_request_approvals(c.id, c.version, c.digest) as approvals_given from change_request c`;

export function toChangeRequest(row: ChangeRequestRow): ChangeRequest {
  return {
    id: row.id,
    title: row.title,
    description: row.description,
    environment: row.environment,
    changes: row.changes,
    refersTo: row.refers_to,
    digest: row.digest,
    version: row.version,
    status: row.status,
    statusReason: row.status_reason,
    lintOverride: row.lint_override,
    author: row.author,
    authorId: row.author_id,
    authorPerson: row.author_person,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    applyAt: row.apply_at,
    appliedAt: row.applied_at,
    appliedBy: row.applied_by,
    approvalsNeeded: row.approvals_needed,
    approvalsGiven: row.approvals_given,
  };
}

export type NewChangeRequest = Pick<
  ChangeRequest,
  | 'id'
  | 'title'
  | 'description'
  | 'environment'
  | 'changes'
  | 'lintOverride'
  | 'status'
  | 'author'
  | 'authorId'
>;

/** @returns the digest that the database gave the content. */
export async function insertChangeRequest(tx: Transaction, request: NewChangeRequest): Promise<string> {
  const [row] = await rowsOf<{ digest: string }>(
    tx,
    `insert into change_request (id, title, description, environment, changes, digest, status, author, author_id,
       lint_override)
     values ($1, $2, $3, $4, $5, '', $6, $7, $8, $9) returning digest`,
    [
      request.id,
      request.title,
      request.description,
      request.environment,
      JSON.stringify(request.changes),
      request.status,
      request.author,
      request.authorId,
      request.lintOverride,
    ],
  );
  return row?.digest ?? '';
}

export async function lockChangeRequest(tx: Transaction, id: string): Promise<ChangeRequest | undefined> {
  const locked = await rowsOf(tx, 'select from change_request where id = $1 for update', [id]);
  if (locked.length === 0) return undefined;
  const [row] = await rowsOf<ChangeRequestRow>(tx, `${changeRequestSelection} where c.id = $1`, [id]);
  return row && toChangeRequest(row);
}

/** New content, back to a draft; the database gives it a new version and digest. */
export async function updateContent(
  tx: Transaction,
  id: string,
  content: Pick<ChangeRequest, 'title' | 'description' | 'changes' | 'lintOverride'>,
): Promise<{ digest: string; version: number }> {
  const [row] = await rowsOf<{ digest: string; version: number }>(
    tx,
    `update change_request set title = $2, description = $3, changes = $4, lint_override = $5,
       status = 'DRAFT', status_reason = null
     where id = $1 returning digest, version`,
    [id, content.title, content.description, JSON.stringify(content.changes), content.lintOverride],
  );
  return row ?? { digest: '', version: 0 };
}

export async function updateStatus(
  tx: Transaction,
  id: string,
  status: ChangeRequestStatus,
  reason: string | null = null,
): Promise<void> {
  await tx.query(
    `update change_request set status = $2::text, status_reason = $3,
       apply_at = case when $2::text in ('SCHEDULED', 'APPLYING') then apply_at end where id = $1`,
    [id, status, reason],
  );
}

export async function markApplied(tx: Transaction, id: string, by: string): Promise<void> {
  await tx.query(
    `update change_request set status = 'APPLIED', applied_at = clock_timestamp(), applied_by = $2 where id = $1`,
    [id, by],
  );
}

/** @returns false if the time is not ahead of the database's clock, or too far ahead. */
export async function schedule(tx: Transaction, id: string, at: Date, maxDays: number): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `update change_request set status = 'SCHEDULED', apply_at = $2, status_reason = null
     where id = $1 and $2 > clock_timestamp() and $2 < clock_timestamp() + $3 * interval '1 day' returning id`,
    [id, at, maxDays],
  );
  return rows.length === 1;
}

/** @returns false if this person has approved this version already. */
export async function insertApproval(
  tx: Transaction,
  request: ChangeRequest,
  by: { id: string; name: string },
  comment: string | null,
): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `insert into change_request_approval (request_id, author_id, digest, version, by_id, by_name, comment)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning request_id`,
    [request.id, request.authorId, request.digest, request.version, by.id, by.name, comment],
  );
  return rows.length === 1;
}

/** The scheduled request whose time has come the longest ago; one that another replica holds is passed over. */
export async function claimDue(tx: Transaction): Promise<string | undefined> {
  const [row] = await rowsOf<{ id: string }>(
    tx,
    `select id from change_request where status = 'SCHEDULED' and apply_at <= clock_timestamp()
     order by apply_at limit 1 for update skip locked`,
  );
  return row?.id;
}
