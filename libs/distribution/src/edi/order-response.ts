import type { InboundOrder, InboundOrderLine } from './inbound-order.js';

/**
 * ACK01 of the 855, which also names the states of an ORDRSP line: IA accepted, IP accepted with another price, IQ with
 * another quantity, IB backordered, BP partly shipped and the rest backordered, IR rejected, R2 rejected because the
 * item number is not known, R3 because the unit of measure is not, IH on hold.
 */
export type LineStatus = 'IA' | 'IP' | 'IQ' | 'IB' | 'BP' | 'IH' | 'IR' | 'R2' | 'R3';

export interface OrderResponseLine {
  ordered: InboundOrderLine;
  status: LineStatus;
  /** What will be delivered now, a plain decimal; `0` for a line that is rejected or wholly backordered. */
  quantity: string;
  /** Our price per unit; null where the line is rejected. */
  unitPrice: string | null;
  /** Our own item number, where the partner's was understood. */
  sku: string | null;
  /** For the partner to read, where something differs from the order. */
  reason: string | null;
}

export interface OrderResponse {
  order: InboundOrder;
  outcome: 'ACCEPTED' | 'CHANGED' | 'REJECTED';
  /** Our order's number; null if the order was rejected as a whole. */
  orderNumber: string | null;
  currency: string | null;
  lines: OrderResponseLine[];
  /** Why the order was rejected as a whole. */
  reason: string | null;
}

const rejected = new Set<LineStatus>(['IR', 'R2', 'R3']);

export function isRejected(line: OrderResponseLine): boolean {
  return rejected.has(line.status);
}

/** An order without a line that could be taken is rejected; one in which anything differs is changed. */
export function outcomeOf(lines: readonly OrderResponseLine[]): OrderResponse['outcome'] {
  if (lines.every(isRejected)) return 'REJECTED';
  return lines.every(({ status }) => status === 'IA') ? 'ACCEPTED' : 'CHANGED';
}
