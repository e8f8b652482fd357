import type { Delimiters } from '../delimiters.js';
import type { EdiLimits } from '../limits.js';
import { problem, type EdiProblem } from '../problem.js';
import type { GroupReading, InterchangeReading, MessageReading } from '../reading.js';
import { valueOf, type Segment } from '../segment.js';
import type { Tokens } from '../tokenizer.js';
import { checkElements, elementProblem } from './elements.js';
import { readOrders } from './orders.js';

/** Directories this house takes; a message names one in UNH S009. */
const supportedVersions = new Set([
  'D.93A',
  'D.96A',
  'D.96B',
  'D.97A',
  'D.98A',
  'D.98B',
  'D.99A',
  'D.99B',
  'D.01A',
  'D.01B',
]);

/** Reads an interchange of EDIFACT: UNB, messages, UNZ. */
export function readEdifact(
  { segments, problems: faults }: Tokens,
  delimiters: Delimiters,
  limits: EdiLimits,
): InterchangeReading {
  const unb = segments[0] as Segment;
  const group: GroupReading = {
    functionalId: '',
    control: null,
    version: '',
    sender: valueOf(unb, 2),
    receiver: valueOf(unb, 3),
    declared: 0,
    messages: [],
    problems: [],
  };
  const reading: InterchangeReading = {
    standard: 'EDIFACT',
    delimiters,
    text: '',
    sender: { qualifier: valueOf(unb, 2, 2) || null, id: valueOf(unb, 2) },
    receiver: { qualifier: valueOf(unb, 3, 2) || null, id: valueOf(unb, 3) },
    control: valueOf(unb, 5),
    date: valueOf(unb, 4, 1),
    time: valueOf(unb, 4, 2),
    syntax: `${valueOf(unb, 1)}:${valueOf(unb, 1, 2)}`,
    test: valueOf(unb, 11) === '1',
    groups: [group],
    problems: [...faults, ...checkElements(unb, delimiters.decimal), ...checkSyntax(unb)],
  };
  readMessages(segments.slice(1), reading, group, limits);
  return reading;
}

function checkSyntax(unb: Segment): EdiProblem[] {
  const [id, version] = [valueOf(unb, 1), valueOf(unb, 1, 2)];
  if (id === '' || (/^UNO[A-KWXY]$/.test(id) && /^[1-4]?$/.test(version))) return [];
  const reason = `(${id.slice(0, 10)}:${version.slice(0, 10)}) is no supported syntax`;
  return [elementProblem('SYNTAX_UNSUPPORTED', unb, [1, 1], 'S001.0001', reason)];
}

function readMessages(
  segments: readonly Segment[],
  reading: InterchangeReading,
  group: GroupReading,
  limits: EdiLimits,
): void {
  let open: { unh: Segment; inner: Segment[] } | null = null;
  let unz: Segment | null = null;
  const seen = new Set<string>();
  const close = (unt: Segment | null): void => {
    if (!open) return;
    const message = readMessage(open.unh, open.inner, unt, reading, limits);
    if (seen.has(message.control)) {
      const reason = 'is used twice in the interchange';
      message.problems.push(elementProblem('CONTROL_NUMBER_REPEATED', open.unh, [1, null], '0062', reason));
    }
    seen.add(message.control);
    group.messages.push(message);
    open = null;
  };
  for (const segment of segments) {
    if (segment.tag === 'UNH') {
      close(null);
      open = { unh: segment, inner: [] };
    } else if (segment.tag === 'UNT' && open) close(segment);
    else if (segment.tag === 'UNZ') {
      close(null);
      unz = segment;
    } else if (open) (open as { inner: Segment[] }).inner.push(segment);
    else if (reading.problems.length < limits.maxProblems) {
      const reason =
        segment.tag === 'UNG' || segment.tag === 'UNE'
          ? 'Functional groups are not used with this receiver.'
          : `Segment ${segment.tag} stands outside a message.`;
      reading.problems.push(
        problem('ENVELOPE_STRUCTURE', segment.tag, reason, { position: segment.position }),
      );
    }
  }
  close(null);
  checkTrailer(unz, reading, group);
}

function checkTrailer(unz: Segment | null, reading: InterchangeReading, group: GroupReading): void {
  if (!unz) {
    reading.problems.push(problem('SEGMENT_MISSING', 'UNZ', 'The interchange has no trailer UNZ.'));
    return;
  }
  reading.problems.push(...checkElements(unz, reading.delimiters.decimal));
  group.declared = Number(valueOf(unz, 1)) || 0;
  if (valueOf(unz, 2) !== reading.control) {
    const reason = `(${valueOf(unz, 2).slice(0, 35)}) differs from UNB 0020 (${reading.control.slice(0, 35)})`;
    reading.problems.push(elementProblem('CONTROL_NUMBER_MISMATCH', unz, [2, null], '0020', reason));
  }
  if (group.declared !== group.messages.length) {
    const reason = `says ${valueOf(unz, 1).slice(0, 10) || 'nothing'}, the interchange has ${group.messages.length} messages`;
    reading.problems.push(elementProblem('COUNT_MISMATCH', unz, [1, null], '0036', reason));
  }
}

function readMessage(
  unh: Segment,
  inner: readonly Segment[],
  unt: Segment | null,
  reading: InterchangeReading,
  limits: EdiLimits,
): MessageReading {
  const { decimal } = reading.delimiters;
  const version = `${valueOf(unh, 2, 2)}.${valueOf(unh, 2, 3)}`;
  const message: MessageReading = {
    type: valueOf(unh, 2),
    control: valueOf(unh, 1),
    position: unh.position,
    order: null,
    problems: [...checkElements(unh, decimal), ...checkUnt(unh, inner.length + 2, unt, decimal)],
  };
  if (message.type !== 'ORDERS') {
    const reason = `(${message.type.slice(0, 10) || 'empty'}) is not supported: only ORDERS is taken`;
    message.problems.push(elementProblem('UNSUPPORTED_MESSAGE', unh, [2, 1], 'S009.0065', reason));
    return message;
  }
  if (message.problems.length === 0 && !supportedVersions.has(version)) {
    const reason = `(${version}) is no supported directory`;
    message.problems.push(elementProblem('UNSUPPORTED_VERSION', unh, [2, 3], 'S009.0054', reason));
  }
  const { order, problems } = readOrders(inner, decimal, limits);
  message.problems = [...message.problems, ...problems].slice(0, limits.maxProblems);
  if (order && message.problems.length === 0) {
    message.order = {
      ...order,
      standard: 'EDIFACT',
      version,
      sender: reading.sender,
      receiver: reading.receiver,
      test: reading.test,
      control: { interchange: reading.control, group: null, message: message.control },
    };
  }
  return message;
}

function checkUnt(unh: Segment, count: number, unt: Segment | null, decimal: '.' | ','): EdiProblem[] {
  if (!unt) {
    const reason = 'The message has no trailer UNT.';
    return [problem('SEGMENT_MISSING', 'UNT', reason, { position: unh.position })];
  }
  const problems = checkElements(unt, decimal);
  if (valueOf(unt, 2) !== valueOf(unh, 1)) {
    const reason = `(${valueOf(unt, 2).slice(0, 35)}) differs from UNH 0062 (${valueOf(unh, 1).slice(0, 35)})`;
    problems.push(elementProblem('CONTROL_NUMBER_MISMATCH', unt, [2, null], '0062', reason));
  }
  if (Number(valueOf(unt, 1) || 'NaN') !== count) {
    const reason = `says ${valueOf(unt, 1).slice(0, 10) || 'nothing'}, the message has ${count} segments`;
    problems.push(elementProblem('COUNT_MISMATCH', unt, [1, null], '0074', reason));
  }
  return problems;
}
