import { problem, type EdiProblem, type EdiProblemCode } from '../problem.js';
import { valueOf, type Segment } from '../segment.js';
import { hasControlCharacter, isTime, readDate, readDecimal } from '../values.js';

interface ElementRule {
  mandatory: boolean;
  /** AN text, ID code, DT date, TM time, N0 whole number, R decimal. */
  type: 'AN' | 'ID' | 'DT' | 'TM' | 'N0' | 'R';
  min: number;
  max: number;
}

interface SegmentRule {
  elements: ElementRule[];
  /** X12 relational conditions, e.g. `P0304` (both or neither), `R0203` (one at least), `C0605` (06 needs 05). */
  conditions: string[];
}

function rule(elements: string, conditions = ''): SegmentRule {
  return {
    elements: elements.split(',').map((text) => {
      const [mark, type, size] = text.trim().split(' ') as [string, ElementRule['type'], string];
      const [min = 0, max = 0] = size.split('/').map(Number);
      return { mandatory: mark === 'M', type, min, max };
    }),
    conditions: conditions === '' ? [] : conditions.split(' '),
  };
}

const productPairs = Array.from({ length: 10 }, () => 'O ID 2/2, O AN 1/48').join(', ');

/** Elements of the segments that make an order, releases 3040 to 5010: the wider size where they differ. */
const rules: Readonly<Record<string, SegmentRule>> = {
  BEG: rule(
    'M ID 2/2, M ID 2/2, M AN 1/22, O AN 1/30, M DT 6/8, O AN 1/30, O ID 2/2, O ID 3/3, O ID 2/2, O ID 2/2, O ID 2/2, O ID 2/2',
  ),
  CUR: rule(
    `M ID 2/3, M ID 3/3, O R 4/10, O ID 2/3, O ID 3/3, O ID 3/3, ${Array.from({ length: 5 }, () => 'O ID 3/3, O DT 6/8, O TM 4/8').join(', ')}`,
  ),
  REF: rule('M ID 2/3, O AN 1/80, O AN 1/80, O AN 1/80', 'R0203'),
  DTM: rule('M ID 3/3, O DT 6/8, O TM 4/8, O ID 2/2, O ID 2/3, O AN 1/35', 'R020305 C0403 P0506'),
  N1: rule('M ID 2/3, O AN 1/60, O ID 1/2, O AN 2/80, O ID 2/2, O ID 2/3', 'R0203 P0304'),
  N2: rule('M AN 1/60, O AN 1/60'),
  N3: rule('M AN 1/55, O AN 1/55'),
  N4: rule('O AN 2/30, O ID 2/2, O ID 3/15, O ID 2/3, O ID 1/2, O AN 1/30, O ID 1/3', 'C0605'),
  PO1: rule(
    `O AN 1/20, O R 1/15, O ID 2/2, O R 1/17, O ID 2/2, ${productPairs}`,
    'C0302 C0504 P0607 P0809 P1011',
  ),
  PID: rule(
    'M ID 1/1, O ID 2/3, O ID 2/2, O AN 1/12, O AN 1/80, O ID 2/2, O ID 1/1, O AN 1/15, O ID 2/3',
    'R0405',
  ),
  CTT: rule('M N0 1/6, O R 1/10, O R 1/10, O ID 2/2, O R 1/8, O ID 2/2, O AN 1/80', 'P0304 P0506'),
  AMT: rule('M ID 1/3, M R 1/18, O ID 1/1'),
};

/** Checks each element of a segment: presence, size, characters, form, and the conditions between elements. */
export function checkElements(segment: Segment): EdiProblem[] {
  const problems: EdiProblem[] = [];
  const expected = rules[segment.tag];
  const count = Math.max(segment.elements.length, expected?.elements.length ?? 0);
  for (let place = 1; place <= count; place++) {
    const found = checkElement(segment, place, expected);
    if (found) problems.push(found);
  }
  for (const condition of expected?.conditions ?? []) {
    const found = checkCondition(segment, condition);
    if (found) problems.push(found);
  }
  return problems;
}

function checkElement(segment: Segment, place: number, expected: SegmentRule | undefined): EdiProblem | null {
  const value = valueOf(segment, place);
  const report = (code: EdiProblemCode, reason: string) => elementProblem(code, segment, place, reason);
  if (hasControlCharacter(value)) {
    return report('ELEMENT_CHARACTER', 'carries a control character; is a segment terminator missing?');
  }
  if (!expected) return null;
  const element = expected.elements[place - 1];
  if (!element) return report('ELEMENT_TOO_MANY', `is one more than ${segment.tag} has`);
  if (value === '') return element.mandatory ? report('ELEMENT_MISSING', 'is mandatory and missing') : null;
  const digits = element.type === 'R' || element.type === 'N0' ? value.replace(/[-.]/g, '') : value;
  if (digits.length < element.min)
    return report('ELEMENT_TOO_SHORT', `has fewer than ${element.min} characters`);
  if (digits.length > element.max)
    return report('ELEMENT_TOO_LONG', `has more than ${element.max} characters`);
  switch (element.type) {
    case 'DT':
      return readDate(value) === null ? report('ELEMENT_DATE', 'is no date') : null;
    case 'TM':
      return isTime(value) ? null : report('ELEMENT_TIME', 'is no time');
    case 'N0':
      return /^-?\d+$/.test(value) ? null : report('ELEMENT_NUMBER', 'is no whole number');
    case 'R':
      return readDecimal(value) === null ? report('ELEMENT_NUMBER', 'is no decimal number') : null;
    default:
      return null;
  }
}

function checkCondition(segment: Segment, condition: string): EdiProblem | null {
  const places = (condition.slice(1).match(/\d\d/g) ?? []).map(Number);
  const given = places.filter((place) => valueOf(segment, place) !== '');
  const missing = places.find((place) => valueOf(segment, place) === '');
  const [first = 1] = places;
  const broken =
    (condition.startsWith('R') && given.length === 0) ||
    (condition.startsWith('P') && given.length > 0 && given.length < places.length) ||
    (condition.startsWith('C') && given.includes(first) && given.length < places.length);
  if (!broken) return null;
  const why = condition.startsWith('R')
    ? 'or its alternative is required'
    : 'is required beside the other given';
  return elementProblem('ELEMENT_CONDITION', segment, missing ?? first, why);
}

/** The X12 writing of an element: segment tag and two digits, `PO102`. */
export function elementProblem(
  code: EdiProblemCode,
  segment: Segment,
  place: number,
  reason: string,
): EdiProblem {
  const element = `${segment.tag}${String(place).padStart(2, '0')}`;
  return problem(code, segment.tag, `${element} ${reason}.`, {
    position: segment.position,
    element,
    elementPosition: place,
  });
}
