import { createHash } from 'node:crypto';
import type { TenantQueryable } from '#runtime';
import type { EdiDocument } from '../acknowledge.js';
import type { EdiProblem } from '../problem.js';
import type { InterchangeReading } from '../reading.js';
import { storable, storableJson } from './partner.js';

export type InterchangeStatus = 'RECEIVED' | 'ACCEPTED' | 'PARTIALLY_ACCEPTED' | 'REJECTED';

export interface StoredInterchange {
  id: string;
  status: InterchangeStatus;
  digest: string;
}

/** SHA-256 of the interchange as it came: tells a repeated transmission from a reused control number. */
export function digestOf({ text }: InterchangeReading): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Stores an interchange under its control number, which the sender may use once; that of a refused one is free again.
 * @returns the new row's id, or the earlier interchange that took the number.
 */
export async function insertInterchange(
  tx: TenantQueryable,
  interchange: InterchangeReading,
  partner: string | null,
  status: InterchangeStatus,
  problems: readonly EdiProblem[],
): Promise<{ id: string } | { earlier: StoredInterchange }> {
  const key = [
    interchange.standard,
    storable(addressText(interchange.sender)),
    storable(addressText(interchange.receiver)),
    storable(interchange.control),
  ];
  const { rows } = await tx.query<{ id: string }>(
    `insert into edi_interchange (standard, sender, receiver, control_number, partner, raw, digest, status, errors,
                                  processed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $8 = 'REJECTED' then now() end)
     on conflict (tenant_id, standard, sender, receiver, control_number) do update
     set partner = excluded.partner, raw = excluded.raw, digest = excluded.digest, status = excluded.status,
         errors = excluded.errors, received_at = now(), processed_at = excluded.processed_at
     where edi_interchange.status = 'REJECTED'
     returning id`,
    [...key, partner, storable(interchange.text), digestOf(interchange), status, storableJson(problems)],
  );
  if (rows[0]) return { id: rows[0].id };
  const earlier = await tx.query<StoredInterchange & Record<string, unknown>>(
    `select id, status, digest from edi_interchange
     where standard = $1 and sender = $2 and receiver = $3 and control_number = $4`,
    key,
  );
  return { earlier: earlier.rows[0] as StoredInterchange };
}

function addressText({ qualifier, id }: InterchangeReading['sender']): string {
  return qualifier === null ? id : `${qualifier}:${id}`;
}

/** The raw text of a stored interchange. */
export async function readInterchangeText(tx: TenantQueryable, id: string): Promise<string | null> {
  const { rows } = await tx.query<{ raw: string }>('select raw from edi_interchange where id = $1', [id]);
  return rows[0]?.raw ?? null;
}

export async function markProcessed(tx: TenantQueryable, id: string): Promise<void> {
  await tx.query('update edi_interchange set processed_at = now() where id = $1', [id]);
}

/** The next number of the ledger of what we send to a partner: 1 to 999,999,999, then from 1 again. */
export async function nextControlNumber(tx: TenantQueryable, partner: string | null): Promise<number> {
  const { rows } = await tx.query<{ last: string }>(
    `insert into edi_control_number as ledger (partner, level, last) values ($1, 'INTERCHANGE', 1)
     on conflict (tenant_id, partner, level) do update set last = ledger.last % 999999999 + 1
     returning last`,
    [partner ?? ''],
  );
  return Number(rows[0]?.last ?? 1);
}

export interface OutboundReference {
  partner: string | null;
  interchangeId: string | null;
  orderId: string | null;
  control: number;
}

/** Puts a document into the outbox. */
export async function insertOutbound(
  tx: TenantQueryable,
  { standard, kind, body }: EdiDocument,
  { partner, interchangeId, orderId, control }: OutboundReference,
): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into edi_outbound (standard, kind, partner, interchange_id, order_id, control_number, body)
     values ($1, $2, $3, $4, $5, $6, $7) returning id`,
    [standard, kind, partner, interchangeId, orderId, String(control), storable(body)],
  );
  return rows[0]?.id ?? '';
}

/** What was answered to an interchange when it came; null if nothing was. */
export async function readAcknowledgement(
  tx: TenantQueryable,
  interchangeId: string,
): Promise<EdiDocument | null> {
  const { rows } = await tx.query<EdiDocument & Record<string, unknown>>(
    `select standard, kind, body from edi_outbound
     where interchange_id = $1 and kind in ('997', 'CONTRL') order by created_at desc limit 1`,
    [interchangeId],
  );
  const row = rows[0];
  return row ? { standard: row.standard, kind: row.kind, body: row.body } : null;
}
