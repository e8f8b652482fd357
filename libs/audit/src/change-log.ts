import { rowsOf, type Transaction } from '#platform';
import type { Actor } from './actor.js';
import { auditHash, type AuditRecord, type Change } from './change.js';

/** PostgreSQL channel that wakes the readers of the revision log; the payload is JSON {@link RevisionNotice}. */
export const REVISION_CHANNEL = 'tierdeck_revision';

export interface RevisionNotice {
  revision: number;
  area: Change['area'];
  action: string;
  subject: string;
  tenantId: string | null;
  environment: string | null;
}

/**
 * Writes the audit event and takes the next revision, in the caller's transaction.
 * The row lock on `revision_head` orders all changes, so revisions become visible in order and without gaps:
 * a reader that has seen revision n has seen everything up to n. Call it late in the transaction.
 * @returns the revision.
 */
export async function recordChange(tx: Transaction, actor: Actor, change: Change): Promise<number> {
  const [head] = await rowsOf<{ revision: string; audit_hash: string; at: Date }>(
    tx,
    `update revision_head set revision = revision + 1
     returning revision, audit_hash, date_trunc('milliseconds', clock_timestamp()) as at`,
  );
  if (!head) throw new Error('revision_head has lost its row');
  const record: AuditRecord = {
    revision: head.revision,
    at: head.at.toISOString(),
    actorKind: actor.kind,
    actorId: actor.id,
    actorName: actor.name,
    ...(actor.person === undefined ? {} : { actorPerson: actor.person }),
    action: change.action,
    area: change.area,
    subject: change.subject,
    tenantId: change.tenantId ?? null,
    environment: change.environment ?? null,
    before: plain(change.before),
    after: plain(change.after),
    reason: change.reason ?? null,
    correlation: change.correlation ?? null,
  };
  const hash = auditHash(head.audit_hash, record);
  const notice: RevisionNotice = {
    revision: Number(head.revision),
    area: change.area,
    action: change.action,
    subject: change.subject,
    tenantId: record.tenantId,
    environment: record.environment,
  };
  // One round trip: the row lock on the head is held until the commit, and every other change waits for it.
  await tx.query(
    `with event as (
       insert into audit_event (revision, at, actor_kind, actor_id, actor_name, action, area, subject, tenant_id,
         environment, before, after, reason, correlation, previous_hash, hash, actor_person)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $19)),
     head as (update revision_head set audit_hash = $16)
     select pg_notify($17, $18)`,
    [
      record.revision,
      record.at,
      record.actorKind,
      record.actorId,
      record.actorName,
      record.action,
      record.area,
      record.subject,
      record.tenantId,
      record.environment,
      jsonb(record.before),
      jsonb(record.after),
      record.reason,
      record.correlation,
      head.audit_hash,
      hash,
      REVISION_CHANNEL,
      JSON.stringify(notice),
      actor.person ?? null,
    ],
  );
  return notice.revision;
}

/** What JSON keeps of a value: dates as text, undefined gone; so that the hash can be computed again from the row. */
function plain(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

function jsonb(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
