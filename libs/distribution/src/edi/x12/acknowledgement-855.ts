import { isRejected, type OrderResponse, type OrderResponseLine } from '../order-response.js';
import { compactDate, fit, writeX12, type X12Segment } from './writer.js';
import type { AcknowledgementOptions } from './acknowledgement-997.js';

/** BAK02: AD with detail, AC with detail and changes, RD rejected with detail. */
const outcomes: Readonly<Record<OrderResponse['outcome'], string>> = {
  ACCEPTED: 'AD',
  CHANGED: 'AC',
  REJECTED: 'RD',
};

/** The purchase order acknowledgement: what becomes of each line, in the partner's own numbers and units. */
export function write855(response: OrderResponse, { control, at }: AcknowledgementOptions): string {
  const { order } = response;
  const release = /^\d{6}/.exec(order.version)?.[0] ?? '004010';
  const segments: X12Segment[] = [
    [
      'BAK',
      '00',
      outcomes[response.outcome],
      fit(order.purchaseOrder, 22),
      order.orderDate.replaceAll('-', ''),
      '',
      '',
      '',
      fit(response.orderNumber ?? '', 30),
      compactDate(at),
    ],
    ...(response.currency ? [['CUR', 'SE', response.currency] satisfies X12Segment] : []),
    ...(response.reason ? note('ORDER', response.reason) : []),
    ...response.lines.flatMap(writeLine),
    ['CTT', String(response.lines.length)],
  ];
  return writeX12({
    sender: order.receiver,
    receiver: order.sender,
    control,
    version: release.slice(0, 5),
    test: order.test,
    at,
    groups: [
      {
        functionalId: 'PR',
        sender: order.receiver.id,
        receiver: order.sender.id,
        control,
        version: release,
        transactions: [{ type: '855', segments }],
      },
    ],
  });
}

function writeLine(line: OrderResponseLine): X12Segment[] {
  const { ordered, status, quantity, unitPrice, sku, reason } = line;
  const items = ordered.items.slice(0, 8).flatMap(({ qualifier, value }) => [qualifier, fit(value, 48)]);
  if (sku !== null && !ordered.items.some(({ value }) => value === sku)) items.push('VN', fit(sku, 48));
  const unit = ordered.unit ?? 'EA';
  const price = isRejected(line) ? (ordered.unitPrice ?? '') : (unitPrice ?? '');
  return [
    ['PO1', fit(ordered.number, 20), ordered.quantity, unit, price, price === '' ? '' : 'PE', ...items],
    ['ACK', status, quantity, unit],
    ...(reason ? note(status, reason) : []),
  ];
}

/** N9 with MSG: free text, for a person to read. */
function note(about: string, text: string): X12Segment[] {
  return [
    ['N9', 'L1', fit(about, 30)],
    ['MSG', fit(text, 264)],
  ];
}
