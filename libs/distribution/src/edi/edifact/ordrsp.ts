import { canonicalItemQualifier } from '../inbound-order.js';
import { isRejected, type OrderResponse, type OrderResponseLine } from '../order-response.js';
import type { ContrlOptions } from './contrl.js';
import { writeEdifact, type EdifactSegment } from './writer.js';

/** 1225 of BGM: 29 accepted without amendment, 4 changed, 27 not accepted. */
const outcomes: Readonly<Record<OrderResponse['outcome'], string>> = {
  ACCEPTED: '29',
  CHANGED: '4',
  REJECTED: '27',
};

/** The purchase order response: what becomes of each line, in the partner's own numbers and units. */
export function writeOrdrsp(response: OrderResponse, { control, at }: ContrlOptions): string {
  const { order } = response;
  const [version = 'D', release = '96A'] = order.version.split('.');
  const segments: EdifactSegment[] = [
    ['BGM', '231', (response.orderNumber ?? order.purchaseOrder).slice(0, 35), outcomes[response.outcome]],
    ['DTM', ['137', at.toISOString().slice(0, 10).replaceAll('-', ''), '102']],
    ...(response.reason ? [freeText(response.reason)] : []),
    ['RFF', ['ON', order.purchaseOrder]],
    ...(response.currency ? [['CUX', ['2', response.currency, '9']] satisfies EdifactSegment] : []),
    ...response.lines.flatMap(writeLine),
    ['UNS', 'S'],
    ['CNT', ['2', String(response.lines.length)]],
  ];
  return writeEdifact({
    sender: order.receiver,
    receiver: order.sender,
    control,
    test: order.test,
    at,
    messages: [{ type: ['ORDRSP', version, release, 'UN'], segments }],
  });
}

function writeLine(line: OrderResponseLine): EdifactSegment[] {
  const { ordered, quantity, unitPrice, sku, reason } = line;
  // 1229: 5 accepted without amendment, 6 accepted with amendment, 7 not accepted.
  const action = isRejected(line) ? '7' : line.status === 'IA' ? '5' : '6';
  const [main, ...others] = ordered.items;
  const gtin = main && canonicalItemQualifier('EDIFACT', main.qualifier) === 'EN' ? main : undefined;
  const named = (gtin ? others : ordered.items).map(({ qualifier, value }) => [value, qualifier]);
  if (sku !== null && !ordered.items.some(({ value }) => value === sku)) named.push([sku, 'SA']);
  const unit = ordered.unit ?? '';
  return [
    ['LIN', ordered.number.slice(0, 6), action, gtin ? [gtin.value, gtin.qualifier] : ''],
    ...chunks(named, 5).map((ids): EdifactSegment => ['PIA', '5', ...ids]),
    ['QTY', ['21', ordered.quantity, unit]],
    ['QTY', ['113', quantity, unit]],
    ...(reason ? [freeText(`${line.status}: ${reason}`)] : []),
    ...(unitPrice === null || isRejected(line) ? [] : [['PRI', ['AAA', unitPrice]] satisfies EdifactSegment]),
  ];
}

/** FTX takes five components of 70 characters. */
function freeText(text: string): EdifactSegment {
  return ['FTX', 'AAI', '', '', text.slice(0, 350).match(/.{1,70}/gs) ?? ['']];
}

function chunks<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  );
}
