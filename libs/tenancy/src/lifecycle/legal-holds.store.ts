import { randomUUID } from 'node:crypto';
import { NotFoundError, rowsOf, type Transaction } from '#platform';

/** A reason for which a tenant's data must not be erased. Several may hold at once. */
export interface LegalHold {
  id: string;
  tenantId: string;
  reason: string;
  placedBy: string;
  placedAt: Date;
  releasedBy: string | null;
  releasedAt: Date | null;
  releaseReason: string | null;
}

interface HoldRow {
  id: string;
  tenant_id: string;
  reason: string;
  placed_by: string;
  placed_at: Date;
  released_by: string | null;
  released_at: Date | null;
  release_reason: string | null;
}

export async function insertHold(
  tx: Transaction,
  hold: { tenantId: string; reason: string; placedBy: string },
): Promise<string> {
  const id = randomUUID();
  await tx.query('insert into legal_hold (id, tenant_id, reason, placed_by) values ($1, $2, $3, $4)', [
    id,
    hold.tenantId,
    hold.reason,
    hold.placedBy,
  ]);
  return id;
}

/** @throws NotFoundError LEGAL_HOLD_NOT_FOUND, also if it was released before. */
export async function releaseHold(
  tx: Transaction,
  id: string,
  by: string,
  reason: string,
): Promise<LegalHold> {
  const [row] = await rowsOf<HoldRow>(
    tx,
    `update legal_hold set released_by = $2, released_at = now(), release_reason = $3
     where id::text = lower($1) and released_at is null returning *`,
    [id, by, reason],
  );
  if (!row) throw new NotFoundError('legal hold', id, { field: 'id' });
  return toHold(row);
}

/** Those that hold now, the oldest first. */
export async function activeHolds(tx: Transaction, tenantId: string): Promise<LegalHold[]> {
  const rows = await rowsOf<HoldRow>(
    tx,
    'select * from legal_hold where tenant_id = $1 and released_at is null order by placed_at limit 100',
    [tenantId],
  );
  return rows.map(toHold);
}

/** All that ever held, the newest first; for data loaders. */
export async function holdsOf(tx: Transaction, tenantIds: readonly string[]): Promise<LegalHold[][]> {
  const rows = await rowsOf<HoldRow>(
    tx,
    'select * from legal_hold where tenant_id = any($1) order by placed_at desc limit 1000',
    [tenantIds],
  );
  return tenantIds.map((id) => rows.filter((row) => row.tenant_id === id).map(toHold));
}

function toHold(row: HoldRow): LegalHold {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    reason: row.reason,
    placedBy: row.placed_by,
    placedAt: row.placed_at,
    releasedBy: row.released_by,
    releasedAt: row.released_at,
    releaseReason: row.release_reason,
  };
}
