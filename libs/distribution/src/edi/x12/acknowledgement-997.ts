import type { EdiProblem, EdiProblemCode } from '../problem.js';
import type { GroupReading, InterchangeReading, MessageReading } from '../reading.js';
import { fit, writeX12, type X12Group, type X12Segment } from './writer.js';

/** AK304: what is wrong with a segment; 8 announces AK4 with the element. */
const segmentErrors: Partial<Record<EdiProblemCode, string>> = {
  SEGMENT_UNKNOWN: '1',
  SEGMENT_MISSING: '3',
  TOO_LARGE: '4',
  SEGMENT_REPEATED: '5',
  SEGMENT_UNEXPECTED: '7',
};
/** AK403. */
const elementErrors: Partial<Record<EdiProblemCode, string>> = {
  ELEMENT_MISSING: '1',
  ELEMENT_CONDITION: '2',
  ELEMENT_TOO_MANY: '3',
  ELEMENT_TOO_SHORT: '4',
  ELEMENT_TOO_LONG: '5',
  ELEMENT_CHARACTER: '6',
  ELEMENT_NUMBER: '6',
  ELEMENT_VALUE: '7',
  COUNT_MISMATCH: '7',
  ELEMENT_DATE: '8',
  ELEMENT_TIME: '9',
};
/** AK502, for problems of ST and SE; anything inside is 5. */
const transactionErrors: Partial<Record<EdiProblemCode, string>> = {
  UNSUPPORTED_MESSAGE: '1',
  SEGMENT_MISSING: '2',
  CONTROL_NUMBER_MISMATCH: '3',
  COUNT_MISMATCH: '4',
  GROUP_MISMATCH: '6',
  CONTROL_NUMBER_INVALID: '7',
  CONTROL_NUMBER_REPEATED: '23',
};
/** AK905. */
const groupErrors: Partial<Record<EdiProblemCode, string>> = {
  UNSUPPORTED_VERSION: '2',
  SEGMENT_MISSING: '3',
  CONTROL_NUMBER_MISMATCH: '4',
  COUNT_MISMATCH: '5',
  CONTROL_NUMBER_INVALID: '6',
};
/** TA105. */
const interchangeErrors: Partial<Record<EdiProblemCode, string>> = {
  CONTROL_NUMBER_MISMATCH: '001',
  UNKNOWN_PARTNER: '006',
  ELEMENT_DATE: '014',
  ELEMENT_TIME: '015',
  CONTROL_NUMBER_INVALID: '018',
  COUNT_MISMATCH: '021',
  ENVELOPE_STRUCTURE: '022',
  SEGMENT_MISSING: '023',
  TRUNCATED: '023',
  CONTROL_NUMBER_REPLAYED: '025',
};

export interface AcknowledgementOptions {
  /** Number of the interchange that carries the acknowledgement; also of its groups. */
  control: number;
  at: Date;
}

/**
 * The functional acknowledgement of an interchange: a 997 for each group, and a TA1 in front if the envelope itself is
 * refused. AK5 and AK9 say A where all is well, R where not, and AK9 says P if part of the group was taken.
 */
export function write997(reading: InterchangeReading, { control, at }: AcknowledgementOptions): string {
  return writeX12({
    sender: reading.receiver,
    receiver: reading.sender,
    control,
    version: /^\d{5}$/.test(reading.syntax) ? reading.syntax : '00401',
    test: reading.test,
    at,
    delimiters: reading.delimiters,
    interchangeAcknowledgements: reading.problems.length > 0 ? [interchangeAcknowledgement(reading)] : [],
    groups: reading.groups.map((group, index) => acknowledgeGroup(reading, group, control + index)),
  });
}

function interchangeAcknowledgement({ control, date, time, problems }: InterchangeReading): X12Segment {
  const code = problems.map((problem) => interchangeErrors[problem.code]).find((found) => found) ?? '024';
  return ['TA1', control.padStart(9, '0').slice(-9), fit(date, 6), fit(time, 4), 'R', code];
}

function acknowledgeGroup(reading: InterchangeReading, group: GroupReading, control: number): X12Group {
  const refused = reading.problems.length > 0 || group.problems.length > 0;
  const taken = refused ? 0 : group.messages.filter(({ problems }) => problems.length === 0).length;
  const verdict = refused || taken === 0 ? 'R' : taken === group.messages.length ? 'A' : 'P';
  const codes = distinct(group.problems.map(({ code }) => groupErrors[code] ?? '1'));
  return {
    functionalId: 'FA',
    sender: group.receiver || reading.receiver.id,
    receiver: group.sender || reading.sender.id,
    control,
    version: /^\d{6}/.test(group.version) ? group.version : '004010',
    transactions: [
      {
        type: '997',
        segments: [
          ['AK1', group.functionalId || 'PO', group.control ?? '0'],
          ...group.messages.flatMap((message) => acknowledgeMessage(message, refused)),
          [
            'AK9',
            verdict,
            String(group.declared),
            String(group.messages.length),
            String(taken),
            ...codes.slice(0, 5),
          ],
        ],
      },
    ],
  };
}

function acknowledgeMessage(message: MessageReading, refused: boolean): X12Segment[] {
  const envelope = message.problems.filter(isEnvelope);
  const inside = message.problems.filter((problem) => !isEnvelope(problem));
  const codes = distinct(envelope.map(({ code }) => transactionErrors[code] ?? '5'));
  if (inside.length > 0) codes.push('5');
  const verdict = refused || message.problems.length > 0 ? 'R' : 'A';
  return [
    ['AK2', message.type, message.control],
    ...segmentNotes(inside, message.position),
    ['AK5', verdict, ...distinct(codes).slice(0, 5)],
  ];
}

function isEnvelope({ segment }: EdiProblem): boolean {
  return segment === 'ST' || segment === 'SE';
}

/** One AK3 per segment at fault, with an AK4 for each of its elements. AK302 counts from ST, which is 1. */
function segmentNotes(problems: readonly EdiProblem[], start: number): X12Segment[] {
  const notes: X12Segment[] = [];
  let last = '';
  for (const problem of problems.toSorted((a, b) => (a.position ?? 0) - (b.position ?? 0))) {
    const position = String(Math.max(1, (problem.position ?? start) - start + 1));
    const element = problem.elementPosition === null ? undefined : elementErrors[problem.code];
    const code = element ? '8' : (segmentErrors[problem.code] ?? '2');
    const key = `${problem.segment} ${position} ${code}`;
    if (key !== last) notes.push(['AK3', fit(problem.segment, 3) || 'ST', position, '', code]);
    last = key;
    if (element) notes.push(['AK4', String(problem.elementPosition), '', element]);
  }
  return notes;
}

function distinct(codes: readonly string[]): string[] {
  return [...new Set(codes)];
}
