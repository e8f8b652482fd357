import type { InboundOrder, InboundOrderLine, Party } from '../inbound-order.js';
import { sumDecimals } from '../values.js';
import { writeX12, type X12Segment } from './writer.js';

/** Writes purchase orders as one interchange, as a partner would send it: for simulated partners and load. */
export function write850(orders: readonly [InboundOrder, ...InboundOrder[]], at: Date): string {
  const [first] = orders;
  return writeX12({
    sender: first.sender,
    receiver: first.receiver,
    control: Number(first.control.interchange),
    version: '00401',
    test: first.test,
    at,
    groups: [
      {
        functionalId: 'PO',
        sender: first.sender.id,
        receiver: first.receiver.id,
        control: Number(first.control.group ?? first.control.interchange),
        version: first.version,
        transactions: orders.map((order) => ({ type: '850', segments: orderSegments(order) })),
      },
    ],
  });
}

function orderSegments(order: InboundOrder): X12Segment[] {
  return [
    ['BEG', '00', 'SA', order.purchaseOrder, '', order.orderDate.replaceAll('-', '')],
    ...(order.currency ? [['CUR', 'BY', order.currency] satisfies X12Segment] : []),
    ...(order.requestedDate
      ? [['DTM', '002', order.requestedDate.replaceAll('-', '')] satisfies X12Segment]
      : []),
    ...order.parties.flatMap(partySegments),
    ...order.lines.flatMap(lineSegments),
    ['CTT', String(order.lines.length), hashTotal(order)],
  ];
}

/** CTT02 takes ten digits; a longer sum is left out. */
function hashTotal(order: InboundOrder): string {
  const sum = sumDecimals(order.lines.map(({ quantity }) => quantity));
  return sum.replace('.', '').length > 10 ? '' : sum;
}

function partySegments(party: Party): X12Segment[] {
  const [first = '', second = ''] = party.address;
  const place: X12Segment = [
    'N4',
    party.city ?? '',
    party.region ?? '',
    party.postalCode ?? '',
    party.country ?? '',
  ];
  return [
    ['N1', party.role, party.name ?? '', party.idQualifier ?? '', party.id ?? ''],
    ...(first === '' ? [] : [['N3', first, second] satisfies X12Segment]),
    ...(place.slice(1).every((value) => value === '') ? [] : [place]),
  ];
}

function lineSegments(line: InboundOrderLine): X12Segment[] {
  const basis = line.unitPrice === null ? '' : line.priceBasis === 'GROSS' ? 'GR' : 'PE';
  const items = line.items.flatMap(({ qualifier, value }) => [qualifier, value]);
  return [
    ['PO1', line.number, line.quantity, line.unit ?? '', line.unitPrice ?? '', basis, ...items],
    ...(line.description ? [['PID', 'F', '', '', '', line.description] satisfies X12Segment] : []),
  ];
}
