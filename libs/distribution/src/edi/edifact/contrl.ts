import type { EdiProblem, EdiProblemCode } from '../problem.js';
import type { InterchangeReading, MessageReading } from '../reading.js';
import { writeEdifact, type EdifactSegment } from './writer.js';

/** Data element 0085: the syntax error. */
const errors: Readonly<Record<EdiProblemCode, string>> = {
  UNKNOWN_FORMAT: '2',
  SYNTAX_UNSUPPORTED: '2',
  ELEMENT_VALUE: '12',
  ELEMENT_DATE: '12',
  ELEMENT_TIME: '12',
  UNSUPPORTED_MESSAGE: '12',
  UNSUPPORTED_VERSION: '12',
  CONTROL_NUMBER_INVALID: '12',
  SEGMENT_MISSING: '13',
  ELEMENT_MISSING: '13',
  ELEMENT_CONDITION: '13',
  SEGMENT_UNKNOWN: '15',
  SEGMENT_UNEXPECTED: '15',
  GROUP_MISMATCH: '15',
  ELEMENT_TOO_MANY: '16',
  TOO_LARGE: '18',
  TRUNCATED: '18',
  ENVELOPE_STRUCTURE: '18',
  ELEMENT_NUMBER: '19',
  ELEMENT_CHARACTER: '21',
  EMPTY_SEGMENT: '22',
  UNKNOWN_PARTNER: '23',
  CONTROL_NUMBER_REPEATED: '26',
  CONTROL_NUMBER_REPLAYED: '26',
  CONTROL_NUMBER_MISMATCH: '28',
  COUNT_MISMATCH: '29',
  SEGMENT_REPEATED: '35',
  ELEMENT_TOO_LONG: '39',
  ELEMENT_TOO_SHORT: '40',
};

/** 0083: the action. 7 acknowledges all that is not rejected below it. */
const rejected = '4';
const acknowledged = '7';

export interface ContrlOptions {
  control: string;
  at: Date;
}

/** The syntax and service report of an interchange: UCI, and UCM with UCS and UCD for every message at fault. */
export function writeContrl(reading: InterchangeReading, { control, at }: ContrlOptions): string {
  const messages = reading.groups.flatMap((group) => group.messages);
  const interchange = reading.problems[0];
  const allRefused = messages.length > 0 && messages.every(({ problems }) => problems.length > 0);
  const uci: EdifactSegment = [
    'UCI',
    reading.control || '0',
    [reading.sender.id, reading.sender.qualifier ?? ''],
    [reading.receiver.id, reading.receiver.qualifier ?? ''],
    interchange || allRefused ? rejected : acknowledged,
    ...(interchange ? [errors[interchange.code], serviceSegment(interchange)] : []),
  ];
  return writeEdifact({
    sender: reading.receiver,
    receiver: reading.sender,
    control,
    test: reading.test,
    at,
    messages: [
      {
        type: ['CONTRL', 'D', '3', 'UN'],
        segments: [uci, ...messages.flatMap((message) => reportMessage(message))],
      },
    ],
  });
}

/** 0013 takes service segments only; another segment at fault is UNB's content. */
function serviceSegment({ segment }: EdiProblem): string {
  return ['UNA', 'UNB', 'UNZ', 'UNG', 'UNE'].includes(segment) ? segment : 'UNB';
}

function reportMessage(message: MessageReading): EdifactSegment[] {
  if (message.problems.length === 0) return [];
  const service = message.problems.find(({ segment }) => segment === 'UNH' || segment === 'UNT');
  const ucm: EdifactSegment = [
    'UCM',
    message.control || '0',
    [message.type || '0'],
    rejected,
    ...(service ? [errors[service.code], service.segment, ...elementOf(service)] : []),
  ];
  const inside = message.problems.filter(({ segment }) => segment !== 'UNH' && segment !== 'UNT');
  return [ucm, ...segmentReports(inside, message.position)];
}

/** UCS counts from UNH, which is 1; for a missing segment it names the place where it was due. */
function segmentReports(problems: readonly EdiProblem[], start: number): EdifactSegment[] {
  const reports: EdifactSegment[] = [];
  let last = '';
  for (const problem of problems.toSorted((a, b) => (a.position ?? 0) - (b.position ?? 0))) {
    const place = String(Math.max(1, (problem.position ?? start) - start + 1));
    const element = problem.elementPosition !== null;
    const code = element ? '' : errors[problem.code];
    if (`${place} ${code}` !== last) reports.push(['UCS', place, code]);
    last = `${place} ${code}`;
    if (element) reports.push(['UCD', errors[problem.code], ...elementOf(problem)]);
  }
  return reports;
}

/** S011: place of the element, counting the tag as 1, and of the component. */
function elementOf({ elementPosition, componentPosition }: EdiProblem): readonly (readonly string[])[] {
  if (elementPosition === null) return [];
  const element = String(elementPosition + 1);
  return [componentPosition === null ? [element] : [element, String(componentPosition)]];
}
