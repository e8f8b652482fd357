import type { Delimiters } from '../delimiters.js';
import type { PartnerAddress } from '../inbound-order.js';

/** A segment to write: tag, then elements. Trailing empty elements are left out. */
export type X12Segment = readonly [string, ...string[]];

export interface X12Transaction {
  /** `850`, `855`, `997`. */
  type: string;
  /** What stands between ST and SE. */
  segments: X12Segment[];
}

export interface X12Group {
  /** GS01: `PO`, `PR`, `FA`. */
  functionalId: string;
  sender: string;
  receiver: string;
  control: number;
  /** GS08. */
  version: string;
  transactions: X12Transaction[];
}

export interface X12Envelope {
  sender: PartnerAddress;
  receiver: PartnerAddress;
  control: number;
  /** ISA12: `00401`. */
  version: string;
  test: boolean;
  at: Date;
  delimiters?: Pick<Delimiters, 'element' | 'component' | 'segment'>;
  /** TA1 segments, which stand before the groups. */
  interchangeAcknowledgements?: X12Segment[];
  groups: X12Group[];
}

const defaults = { element: '*', component: '>', segment: '~' };

/**
 * Writes an interchange with its counts and control numbers. X12 has no escape: a delimiter or control character inside
 * a value becomes a blank, so that no value can forge a segment.
 */
export function writeX12(envelope: X12Envelope): string {
  const delimiters = envelope.delimiters ?? defaults;
  const { sender, receiver, at } = envelope;
  const date = compactDate(at);
  const time = compactTime(at);
  const control = String(envelope.control).padStart(9, '0');
  const isa: X12Segment = [
    'ISA',
    '00',
    ' '.repeat(10),
    '00',
    ' '.repeat(10),
    (sender.qualifier ?? 'ZZ').padEnd(2).slice(0, 2),
    sender.id.padEnd(15).slice(0, 15),
    (receiver.qualifier ?? 'ZZ').padEnd(2).slice(0, 2),
    receiver.id.padEnd(15).slice(0, 15),
    date.slice(2),
    time,
    'U',
    envelope.version,
    control,
    '0',
    envelope.test ? 'T' : 'P',
  ];
  const segments: string[] = [
    `${isa.map((value) => clean(value, delimiters)).join(delimiters.element)}${delimiters.element}${delimiters.component}`,
    ...(envelope.interchangeAcknowledgements ?? []).map((segment) => join(segment, delimiters)),
  ];
  for (const group of envelope.groups) {
    const gs: X12Segment = [
      'GS',
      group.functionalId,
      group.sender,
      group.receiver,
      date,
      time,
      String(group.control),
      'X',
      group.version,
    ];
    segments.push(join(gs, delimiters));
    group.transactions.forEach(({ type, segments: inner }, index) => {
      const number = String(index + 1).padStart(4, '0');
      segments.push(
        join(['ST', type, number], delimiters),
        ...inner.map((segment) => join(segment, delimiters)),
        join(['SE', String(inner.length + 2), number], delimiters),
      );
    });
    segments.push(join(['GE', String(group.transactions.length), String(group.control)], delimiters));
  }
  segments.push(join(['IEA', String(envelope.groups.length), control], delimiters));
  const lineBreak = delimiters.segment === '\n' ? '' : '\n';
  return segments.map((segment) => `${segment}${delimiters.segment}${lineBreak}`).join('');
}

function join(segment: X12Segment, delimiters: typeof defaults): string {
  let last = segment.length;
  while (last > 1 && segment[last - 1] === '') last -= 1;
  return segment
    .slice(0, last)
    .map((value) => clean(value, delimiters))
    .join(delimiters.element);
}

function clean(value: string, { element, component, segment }: typeof defaults): string {
  let text = '';
  for (const character of value) {
    const harmful = character === element || character === component || character === segment;
    text += harmful || character < ' ' || character === '\u007F' ? ' ' : character;
  }
  return text;
}

/** CCYYMMDD in UTC. */
export function compactDate(at: Date): string {
  return at.toISOString().slice(0, 10).replaceAll('-', '');
}

/** HHMM in UTC. */
function compactTime(at: Date): string {
  return at.toISOString().slice(11, 16).replace(':', '');
}

/** The longest text an element takes, from its first character that is no blank. */
export function fit(text: string, max: number): string {
  return text.trim().slice(0, max).trimEnd();
}
