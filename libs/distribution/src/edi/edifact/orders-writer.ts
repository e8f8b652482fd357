import type { InboundOrder, InboundOrderLine, Party } from '../inbound-order.js';
import { sumDecimals } from '../values.js';
import { writeEdifact, type EdifactSegment } from './writer.js';

/** Writes orders as one interchange, as a partner would send it: for simulated partners and load. */
export function writeOrders(orders: readonly [InboundOrder, ...InboundOrder[]], at: Date): string {
  const [first] = orders;
  return writeEdifact({
    sender: first.sender,
    receiver: first.receiver,
    control: first.control.interchange,
    test: first.test,
    at,
    messages: orders.map((order) => ({
      type: ['ORDERS', ...order.version.split('.'), 'UN'],
      control: order.control.message,
      segments: orderSegments(order),
    })),
  });
}

function orderSegments(order: InboundOrder): EdifactSegment[] {
  return [
    ['BGM', '220', order.purchaseOrder, '9'],
    ['DTM', ['137', order.orderDate.replaceAll('-', ''), '102']],
    ...(order.requestedDate
      ? [['DTM', ['2', order.requestedDate.replaceAll('-', ''), '102']] satisfies EdifactSegment]
      : []),
    ...order.parties.map(partySegment),
    ...(order.currency ? [['CUX', ['2', order.currency, '9']] satisfies EdifactSegment] : []),
    ...order.lines.flatMap(lineSegments),
    ['UNS', 'S'],
    ['CNT', ['2', String(order.lines.length)]],
    ['CNT', ['1', sumDecimals(order.lines.map(({ quantity }) => quantity))]],
  ];
}

function partySegment(party: Party): EdifactSegment {
  return [
    'NAD',
    party.role,
    [party.id ?? '', '', party.idQualifier ?? ''],
    '',
    party.name ?? '',
    party.address,
    party.city ?? '',
    party.region ?? '',
    party.postalCode ?? '',
    party.country ?? '',
  ];
}

function lineSegments(line: InboundOrderLine): EdifactSegment[] {
  return [
    ['LIN', line.number],
    ...line.items.map(({ qualifier, value }): EdifactSegment => ['PIA', '5', [value, qualifier]]),
    ...(line.description ? [['IMD', 'F', '', ['', '', '', line.description]] satisfies EdifactSegment] : []),
    ['QTY', ['21', line.quantity, line.unit ?? '']],
    ...(line.unitPrice === null
      ? []
      : [['PRI', [line.priceBasis === 'NET' ? 'AAA' : 'AAB', line.unitPrice]] satisfies EdifactSegment]),
  ];
}
