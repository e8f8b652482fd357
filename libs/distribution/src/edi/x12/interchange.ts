import type { Delimiters } from '../delimiters.js';
import type { EdiLimits } from '../limits.js';
import { problem, type EdiProblem } from '../problem.js';
import type { GroupReading, InterchangeReading, MessageReading } from '../reading.js';
import { valueOf, type Segment } from '../segment.js';
import type { Tokens } from '../tokenizer.js';
import { isTime, readDate } from '../values.js';
import { elementProblem } from './elements.js';
import { readOrder850 } from './order-850.js';

/** Widths of ISA01 to ISA16: the one segment of fixed length. */
const isaWidths = [2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1];
const supportedVersions = /^00(304|305|306|401|402|403|404|405|406|501)\d/;

/** Reads an interchange of X12: ISA, functional groups, transaction sets. */
export function readX12(
  { segments, problems: faults }: Tokens,
  delimiters: Delimiters,
  limits: EdiLimits,
): InterchangeReading {
  const isa = segments[0] as Segment;
  const reading: InterchangeReading = {
    standard: 'X12',
    delimiters,
    text: '',
    sender: { qualifier: trimmed(isa, 5) || null, id: trimmed(isa, 6) },
    receiver: { qualifier: trimmed(isa, 7) || null, id: trimmed(isa, 8) },
    control: trimmed(isa, 13),
    date: trimmed(isa, 9),
    time: trimmed(isa, 10),
    syntax: trimmed(isa, 12),
    test: trimmed(isa, 15) === 'T',
    groups: [],
    problems: [...faults, ...checkIsa(isa)],
  };
  readGroups(segments.slice(1), reading, limits);
  return reading;
}

/** Some senders pad with no-break spaces; `trim` takes both. */
function trimmed(segment: Segment, element: number): string {
  return valueOf(segment, element).trim();
}

function checkIsa(isa: Segment): EdiProblem[] {
  const problems: EdiProblem[] = [];
  const wrong = isaWidths.findIndex((width, index) => valueOf(isa, index + 1).length !== width);
  if (wrong >= 0) {
    const reason = `does not fill its fixed width of ${isaWidths[wrong]} characters`;
    problems.push(elementProblem('ENVELOPE_STRUCTURE', isa, wrong + 1, reason));
  }
  if (!/^\d{1,9}$/.test(trimmed(isa, 13))) {
    problems.push(elementProblem('CONTROL_NUMBER_INVALID', isa, 13, 'is no control number of nine digits'));
  }
  if (readDate(trimmed(isa, 9)) === null) problems.push(elementProblem('ELEMENT_DATE', isa, 9, 'is no date'));
  if (!isTime(trimmed(isa, 10))) problems.push(elementProblem('ELEMENT_TIME', isa, 10, 'is no time'));
  for (const place of [6, 8]) {
    if (trimmed(isa, place) === '')
      problems.push(elementProblem('ELEMENT_MISSING', isa, place, 'is missing'));
  }
  return problems;
}

function readGroups(segments: readonly Segment[], reading: InterchangeReading, limits: EdiLimits): void {
  let open: { header: Segment; body: Segment[] } | null = null;
  let trailer: Segment | null = null;
  for (const segment of segments) {
    if (segment.tag === 'GS') {
      if (open) closeGroup(open.header, open.body, null, reading, limits);
      open = { header: segment, body: [] };
    } else if (segment.tag === 'GE' && open) {
      closeGroup(open.header, open.body, segment, reading, limits);
      open = null;
    } else if (segment.tag === 'IEA') {
      trailer = segment;
    } else if (open) {
      open.body.push(segment);
    } else if (segment.tag !== 'TA1') {
      reading.problems.push(misplaced(segment, 'outside a functional group'));
      if (reading.problems.length >= limits.maxProblems) break;
    }
  }
  if (open) closeGroup(open.header, open.body, null, reading, limits);
  checkIea(trailer, reading);
}

function checkIea(iea: Segment | null, reading: InterchangeReading): void {
  if (!iea) {
    reading.problems.push(problem('SEGMENT_MISSING', 'IEA', 'The interchange has no trailer IEA.'));
    return;
  }
  if (trimmed(iea, 2) !== reading.control) {
    const reason = `(${trimmed(iea, 2)}) differs from ISA13 (${reading.control})`;
    reading.problems.push(elementProblem('CONTROL_NUMBER_MISMATCH', iea, 2, reason));
  }
  if (Number(trimmed(iea, 1) || 'NaN') !== reading.groups.length) {
    const reason = `says ${trimmed(iea, 1) || 'nothing'}, the interchange has ${reading.groups.length} groups`;
    reading.problems.push(elementProblem('COUNT_MISMATCH', iea, 1, reason));
  }
}

function misplaced(segment: Segment, where: string): EdiProblem {
  return problem('ENVELOPE_STRUCTURE', segment.tag, `Segment ${segment.tag} stands ${where}.`, {
    position: segment.position,
  });
}

function closeGroup(
  gs: Segment,
  body: readonly Segment[],
  ge: Segment | null,
  reading: InterchangeReading,
  limits: EdiLimits,
): void {
  const group: GroupReading = {
    functionalId: trimmed(gs, 1),
    control: trimmed(gs, 6),
    version: trimmed(gs, 8),
    sender: trimmed(gs, 2),
    receiver: trimmed(gs, 3),
    declared: Number(valueOf(ge ?? undefined, 1)) || 0,
    messages: [],
    problems: [],
  };
  reading.groups.push(group);
  readTransactions(body, group, reading, limits);
  if (!/^\d{1,9}$/.test(group.control ?? '')) {
    group.problems.push(elementProblem('CONTROL_NUMBER_INVALID', gs, 6, 'is no control number'));
  }
  if (!supportedVersions.test(group.version)) {
    group.problems.push(
      elementProblem('UNSUPPORTED_VERSION', gs, 8, `(${group.version}) is no supported release`),
    );
  }
  if (!ge) {
    group.problems.push(
      problem('SEGMENT_MISSING', 'GE', 'The functional group has no trailer GE.', { position: gs.position }),
    );
    return;
  }
  if (trimmed(ge, 2) !== group.control) {
    const reason = `(${trimmed(ge, 2)}) differs from GS06 (${group.control})`;
    group.problems.push(elementProblem('CONTROL_NUMBER_MISMATCH', ge, 2, reason));
  }
  if (group.declared !== group.messages.length) {
    const reason = `says ${trimmed(ge, 1)}, the group has ${group.messages.length} transaction sets`;
    group.problems.push(elementProblem('COUNT_MISMATCH', ge, 1, reason));
  }
}

function readTransactions(
  body: readonly Segment[],
  group: GroupReading,
  reading: InterchangeReading,
  limits: EdiLimits,
): void {
  let open: { st: Segment; inner: Segment[] } | null = null;
  const seen = new Set<string>();
  const close = (se: Segment | null): void => {
    if (!open) return;
    const message = readTransaction(open.st, open.inner, se, group, reading, limits);
    if (seen.has(message.control)) {
      const reason = 'is used twice in the group';
      message.problems.push(elementProblem('CONTROL_NUMBER_REPEATED', open.st, 2, reason));
    }
    seen.add(message.control);
    group.messages.push(message);
    open = null;
  };
  for (const segment of body) {
    if (segment.tag === 'ST') {
      close(null);
      open = { st: segment, inner: [] };
    } else if (segment.tag === 'SE' && open) close(segment);
    else if (open) (open as { inner: Segment[] }).inner.push(segment);
    else if (group.problems.length < limits.maxProblems) {
      group.problems.push(misplaced(segment, 'outside a transaction set'));
    }
  }
  close(null);
}

function readTransaction(
  st: Segment,
  inner: readonly Segment[],
  se: Segment | null,
  group: GroupReading,
  reading: InterchangeReading,
  limits: EdiLimits,
): MessageReading {
  const message: MessageReading = {
    type: trimmed(st, 1),
    control: trimmed(st, 2),
    position: st.position,
    order: null,
    problems: checkTrailer(st, inner.length + 2, se),
  };
  if (message.type !== '850') {
    const reason = `(${message.type || 'empty'}) is not supported: only 850 purchase orders are taken`;
    message.problems.push(elementProblem('UNSUPPORTED_MESSAGE', st, 1, reason));
    return message;
  }
  if (group.functionalId !== 'PO') {
    const reason = `is 850, which does not belong in a group ${group.functionalId}`;
    message.problems.push(elementProblem('GROUP_MISMATCH', st, 1, reason));
  }
  const { order, problems } = readOrder850(inner, limits);
  message.problems = [...message.problems, ...problems].slice(0, limits.maxProblems);
  if (order && message.problems.length === 0) {
    message.order = {
      ...order,
      standard: 'X12',
      version: group.version,
      sender: reading.sender,
      receiver: reading.receiver,
      test: reading.test,
      control: { interchange: reading.control, group: group.control, message: message.control },
    };
  }
  return message;
}

function checkTrailer(st: Segment, count: number, se: Segment | null): EdiProblem[] {
  const problems: EdiProblem[] = [];
  if (!/^[A-Za-z0-9]{4,9}$/.test(trimmed(st, 2))) {
    problems.push(
      elementProblem('CONTROL_NUMBER_INVALID', st, 2, 'is no control number of four to nine characters'),
    );
  }
  if (!se) {
    const reason = 'The transaction set has no trailer SE.';
    return [...problems, problem('SEGMENT_MISSING', 'SE', reason, { position: st.position })];
  }
  if (trimmed(se, 2) !== trimmed(st, 2)) {
    const reason = `(${trimmed(se, 2)}) differs from ST02 (${trimmed(st, 2)})`;
    problems.push(elementProblem('CONTROL_NUMBER_MISMATCH', se, 2, reason));
  }
  if (Number(trimmed(se, 1) || 'NaN') !== count) {
    const reason = `says ${trimmed(se, 1) || 'nothing'}, the transaction set has ${count} segments`;
    problems.push(elementProblem('COUNT_MISMATCH', se, 1, reason));
  }
  return problems;
}
