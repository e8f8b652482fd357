import { writeContrl } from './edifact/contrl.js';
import { writeOrdrsp } from './edifact/ordrsp.js';
import type { EdiStandard } from './delimiters.js';
import type { OrderResponse } from './order-response.js';
import type { InterchangeReading } from './reading.js';
import { write855 } from './x12/acknowledgement-855.js';
import { write997 } from './x12/acknowledgement-997.js';

export interface EdiDocument {
  standard: EdiStandard;
  kind: '997' | '855' | 'CONTRL' | 'ORDRSP';
  body: string;
}

export const ediContentTypes: Readonly<Record<EdiStandard, string>> = {
  X12: 'application/edi-x12',
  EDIFACT: 'application/edifact',
};

/**
 * The answer that says whether an interchange could be read: 997 or CONTRL, positive or negative.
 * @param control number of the answering interchange, from the partner's ledger.
 */
export function acknowledgeInterchange(reading: InterchangeReading, control: number, at: Date): EdiDocument {
  return reading.standard === 'X12'
    ? { standard: 'X12', kind: '997', body: write997(reading, { control, at }) }
    : { standard: 'EDIFACT', kind: 'CONTRL', body: writeContrl(reading, { control: String(control), at }) };
}

/** The answer that says what becomes of an order: 855 or ORDRSP. */
export function respondToOrder(response: OrderResponse, control: number, at: Date): EdiDocument {
  return response.order.standard === 'X12'
    ? { standard: 'X12', kind: '855', body: write855(response, { control, at }) }
    : { standard: 'EDIFACT', kind: 'ORDRSP', body: writeOrdrsp(response, { control: String(control), at }) };
}
