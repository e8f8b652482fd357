import type { TenantQueryable } from '#runtime';
import type { EdiProblem } from '../problem.js';
import type { InterchangeStatus } from './edi.store.js';

/** A received interchange with what became of it. */
export interface EdiInterchangeView {
  id: string;
  standard: string;
  partner: string | null;
  sender: string;
  control: string;
  status: InterchangeStatus;
  problems: EdiProblem[];
  receivedAt: string;
  jobs: { id: string; status: string; attempts: number; error: string | null; orderId: string | null }[];
  documents: EdiOutboundView[];
}

export interface EdiOutboundView {
  id: string;
  kind: string;
  control: string;
  orderId: string | null;
  body: string;
  createdAt: string;
}

interface InterchangeRow {
  id: string;
  standard: string;
  partner: string | null;
  sender: string;
  control_number: string;
  status: InterchangeStatus;
  errors: EdiProblem[];
  received_at: Date;
  jobs: EdiInterchangeView['jobs'];
  documents: EdiOutboundView[];
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** One interchange with its jobs and the documents that answer it; null if the tenant has none of that id. */
export async function readEdiInterchange(
  db: TenantQueryable,
  id: string,
): Promise<EdiInterchangeView | null> {
  if (!uuid.test(id)) return null;
  const { rows } = await db.query<InterchangeRow & Record<string, unknown>>(
    `select i.id, i.standard, i.partner, i.sender, i.control_number, i.status, i.errors, i.received_at,
            coalesce((select jsonb_agg(jsonb_build_object('id', j.id, 'status', j.status, 'attempts', j.attempts,
                                'error', j.last_error, 'orderId', j.result->>'orderId') order by j.created_at, j.id)
                      from integration_job j
                      where j.kind = 'edi.order' and j.dedup_key like 'edi:' || i.id || ':%'), '[]') as jobs,
            coalesce((select jsonb_agg(jsonb_build_object('id', o.id, 'kind', o.kind, 'control', o.control_number,
                                'orderId', o.order_id, 'body', o.body, 'createdAt', o.created_at)
                                order by o.created_at, o.id)
                      from edi_outbound o where o.interchange_id = i.id), '[]') as documents
     from edi_interchange i where i.id = $1`,
    [id],
  );
  const row = rows[0];
  if (!row) return null;
  const { control_number: control, errors: problems, received_at: receivedAt, ...rest } = row;
  return { ...rest, control, problems, receivedAt: receivedAt.toISOString() };
}
