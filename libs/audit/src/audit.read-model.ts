import { Injectable } from '@nestjs/common';
import { Database, decodeCursor, pageSize, toConnection, type Connection, type PageArgs } from '#platform';
import { auditHash, type AuditRecord } from './change.js';

/** One audit event as it is shown; `tenant` is the slug. */
export interface AuditEvent {
  revision: number;
  at: Date;
  actor: string;
  /** Who held the token, if it said so. */
  actorPerson: string | null;
  actorKind: string;
  action: string;
  area: string;
  subject: string;
  tenant: string | null;
  environment: string | null;
  before: unknown;
  after: unknown;
  reason: string | null;
  correlation: string | null;
  hash: string;
}

export interface AuditFilter {
  tenant?: string | null | undefined;
  subject?: string | null | undefined;
  area?: string | null | undefined;
  actor?: string | null | undefined;
}

/** What a check of the whole chain found. */
export interface AuditVerification {
  ok: boolean;
  /** Events that were checked. */
  events: number;
  /** Revision of the first event that is not as it was written. */
  brokenAt: number | null;
  message: string | null;
  headHash: string;
}

interface AuditRow {
  revision: string;
  at: Date;
  actor_kind: string;
  actor_id: string;
  actor_name: string;
  actor_person: string | null;
  action: string;
  area: string;
  subject: string;
  tenant_id: string | null;
  slug: string | null;
  environment: string | null;
  before: unknown;
  after: unknown;
  reason: string | null;
  correlation: string | null;
  previous_hash: string;
  hash: string;
}

const condition = `($1::text is null or t.slug = $1) and ($2::text is null or e.subject = $2)
  and ($3::text is null or e.area = $3) and ($4::text is null or e.actor_name = $4)`;
const from = 'from audit_event e left join tenant t on t.id = e.tenant_id';
const batch = 2_000;

@Injectable()
export class AuditReadModel {
  constructor(private readonly database: Database) {}

  /** Events, the newest first. */
  async page(filter: AuditFilter, args: PageArgs): Promise<Connection<AuditEvent>> {
    const { tenant = null, subject = null, area = null, actor = null } = filter;
    const parameters = [tenant, subject, area, actor];
    const rows = await this.database.query<AuditRow>(
      `select e.*, t.slug ${from} where ${condition} and ($5::bigint is null or e.revision < $5)
       order by e.revision desc limit $6`,
      [...parameters, decodeCursor(args.after) ?? null, pageSize(args) + 1],
    );
    const [count] = await this.database.query<{ count: number }>(
      `select count(*)::int as count ${from} where ${condition}`,
      parameters,
    );
    return toConnection(rows.map(toEvent), args, count?.count ?? 0, ({ revision }) => String(revision));
  }

  /** Events after a revision, in order; at most `limit`. */
  async after(revision: number, limit = 500): Promise<AuditEvent[]> {
    const rows = await this.database.query<AuditRow>(
      `select e.*, t.slug ${from} where e.revision > $1 order by e.revision limit $2`,
      [revision, limit],
    );
    return rows.map(toEvent);
  }

  /** The newest revision. */
  async head(): Promise<number> {
    const [row] = await this.database.query<{ revision: string }>('select revision from revision_head');
    return Number(row?.revision ?? 0);
  }

  /** Computes the whole chain again: an altered, removed or inserted event does not go unseen. */
  async verify(): Promise<AuditVerification> {
    const [head] = await this.database.query<{ revision: string; audit_hash: string }>(
      'select revision, audit_hash from revision_head',
    );
    if (!head) throw new Error('revision_head has lost its row');
    const last = Number(head.revision);
    let hash = '0'.repeat(64);
    let revision = 0;
    const broken = (message: string): AuditVerification => ({
      ok: false,
      events: revision,
      brokenAt: revision + 1,
      message,
      headHash: head.audit_hash,
    });
    while (revision < last) {
      const rows = await this.database.query<AuditRow>(
        'select * from audit_event where revision > $1 and revision <= $2 order by revision limit $3',
        [revision, last, batch],
      );
      if (rows.length === 0) return broken(`Event ${revision + 1} is missing.`);
      for (const row of rows) {
        if (Number(row.revision) !== revision + 1) return broken(`Event ${revision + 1} is missing.`);
        if (row.previous_hash !== hash || auditHash(hash, toRecord(row)) !== row.hash) {
          return broken(`Event ${revision + 1} is not as it was written.`);
        }
        hash = row.hash;
        revision++;
      }
    }
    if (hash !== head.audit_hash) return broken('The head of the chain is not that of its last event.');
    return { ok: true, events: revision, brokenAt: null, message: null, headHash: hash };
  }
}

function toEvent(row: AuditRow): AuditEvent {
  return {
    revision: Number(row.revision),
    at: row.at,
    actor: row.actor_name,
    actorPerson: row.actor_person,
    actorKind: row.actor_kind,
    action: row.action,
    area: row.area,
    subject: row.subject,
    tenant: row.slug,
    environment: row.environment,
    before: row.before,
    after: row.after,
    reason: row.reason,
    correlation: row.correlation,
    hash: row.hash,
  };
}

function toRecord(row: AuditRow): AuditRecord {
  return {
    revision: row.revision,
    at: row.at.toISOString(),
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    actorName: row.actor_name,
    ...(row.actor_person === null ? {} : { actorPerson: row.actor_person }),
    action: row.action,
    area: row.area,
    subject: row.subject,
    tenantId: row.tenant_id,
    environment: row.environment,
    before: row.before,
    after: row.after,
    reason: row.reason,
    correlation: row.correlation,
  };
}
