import { createHash } from 'node:crypto';

/** The domains a revision can belong to; readers wake only for theirs. */
export type Area =
  'tenancy' | 'operations' | 'flags' | 'releases' | 'quotas' | 'identity' | 'environments' | 'security';

/** One change of state, as it goes into the audit and into the revision log. Never holds a secret. */
export interface Change {
  area: Area;
  /** Past tense with its area, e.g. `tenant.onboarded`, `flag.rule-set`. */
  action: string;
  /** What was changed, e.g. `tenant/northwind`, `flag/pricing.engine`. */
  subject: string;
  tenantId?: string;
  environment?: string;
  before?: unknown;
  after?: unknown;
  reason?: string;
  /** Ties changes of one undertaking together, e.g. `operation/<id>`, `release/<id>`. */
  correlation?: string;
}

/** What the hash chain covers, in the order it is hashed. */
export interface AuditRecord {
  revision: string;
  at: string;
  actorKind: string;
  actorId: string;
  actorName: string;
  /** Absent: the token named nobody. */
  actorPerson?: string;
  action: string;
  area: string;
  subject: string;
  tenantId: string | null;
  environment: string | null;
  before: unknown;
  after: unknown;
  reason: string | null;
  correlation: string | null;
}

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, inner: unknown) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Hash of an audit row: SHA-256 over the hash before it and the row's own content. */
export function auditHash(previousHash: string, record: AuditRecord): string {
  return createHash('sha256').update(previousHash).update(canonicalJson(record)).digest('hex');
}

/** SHA-256 of a value's canonical JSON; tells whether two contents are the same. */
export function contentDigest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
