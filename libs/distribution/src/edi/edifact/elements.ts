import { problem, type EdiProblem, type EdiProblemCode } from '../problem.js';
import type { Segment } from '../segment.js';
import { hasControlCharacter, readDecimal } from '../values.js';

interface ComponentRule {
  /** Number in the data element directory, e.g. `2005`. */
  id: string;
  mandatory: boolean;
  numeric: boolean;
  max: number;
}

interface ElementRule {
  /** The composite, e.g. `C507`; the element itself where it is simple. */
  id: string;
  mandatory: boolean;
  components: ComponentRule[];
}

/**
 * Reads a segment's rule: elements split by `|`, `C507 M: 2005 M an3, 2380 C an35` is a composite. A trailing `…`
 * allows more elements, which are not looked at.
 */
function rule(text: string): { elements: ElementRule[]; open: boolean } {
  const open = text.endsWith('…');
  const elements = text
    .replace(/\|?\s*…$/, '')
    .split('|')
    .map((part) => {
      const composite = /^\s*([CS]\d{3}) ([MC]):(.*)$/.exec(part);
      const components = (composite?.[3] ?? part).split(',').map((item): ComponentRule => {
        const [id = '', mark, size = 'an1'] = item.trim().split(' ');
        return {
          id,
          mandatory: mark === 'M',
          numeric: /^n\d/.test(size),
          max: Number(size.replace(/\D/g, '')),
        };
      });
      const [first] = components as [ComponentRule];
      return {
        id: composite?.[1] ?? first.id,
        mandatory: composite ? composite[2] === 'M' : first.mandatory,
        components,
      };
    });
  return { elements, open };
}

const party = 'C082 C: 3039 M an35, 1131 C an17, 3055 C an3';
const item = 'C212 M: 7140 C an35, 7143 C an3, 1131 C an17, 3055 C an3';

/** Elements of the segments that make an order, D.93A to D.01B: the wider size where they differ. */
const rules: Readonly<Record<string, { elements: ElementRule[]; open: boolean }>> = {
  UNB: rule(
    'S001 M: 0001 M a4, 0002 M n1, 0080 C an6, 0133 C an3|S002 M: 0004 M an35, 0007 C an4, 0008 C an35, 0042 C an35|S003 M: 0010 M an35, 0007 C an4, 0014 C an35, 0046 C an35|S004 M: 0017 M n8, 0019 M n4|0020 M an14|S005 C: 0022 M an14, 0025 C an2|0026 C an14|0029 C a1|0031 C n1|0032 C an35|0035 C n1',
  ),
  UNH: rule(
    '0062 M an14|S009 M: 0065 M an6, 0052 M an3, 0054 M an3, 0051 M an3, 0057 C an6, 0110 C an6, 0113 C an6|0068 C an35|S010 C: 0070 M n2, 0073 C a1|…',
  ),
  BGM: rule(
    'C002 C: 1001 C an3, 1131 C an17, 3055 C an3, 1000 C an35|C106 M: 1004 M an35, 1056 C an9, 1060 C an6|1225 C an3|4343 C an3',
  ),
  DTM: rule('C507 M: 2005 M an3, 2380 C an35, 2379 C an3'),
  RFF: rule('C506 M: 1153 M an3, 1154 C an70, 1156 C an6, 4000 C an35, 1060 C an6'),
  NAD: rule(
    `3035 M an3|${party}|C058 C: 3124 M an35, 3124 C an35, 3124 C an35, 3124 C an35, 3124 C an35|C080 C: 3036 M an70, 3036 C an70, 3036 C an70, 3036 C an70, 3036 C an70, 3045 C an3|C059 C: 3042 M an70, 3042 C an70, 3042 C an70, 3042 C an70|3164 C an35|C819 C: 3229 C an9, 1131 C an17, 3055 C an3, 3228 C an70|3251 C an17|3207 C an3`,
  ),
  CUX: rule(
    'C504 C: 6347 M an3, 6345 C an3, 6343 C an3, 6348 C n4|C504 C: 6347 M an3, 6345 C an3, 6343 C an3, 6348 C n4|5402 C n12|6341 C an3',
  ),
  LIN: rule(
    '1082 C an6|1229 C an3|C212 C: 7140 C an35, 7143 C an3, 1131 C an17, 3055 C an3|C829 C: 5495 C an3, 1082 C an6|1222 C n2|7083 C an3',
  ),
  PIA: rule(
    `4347 M an3|${item}|${item.replace(' M:', ' C:')}|${item.replace(' M:', ' C:')}|${item.replace(' M:', ' C:')}|${item.replace(' M:', ' C:')}`,
  ),
  IMD: rule(
    '7077 C an3|7081 C an3|C273 C: 7009 C an17, 1131 C an17, 3055 C an3, 7008 C an256, 7008 C an256, 3453 C an3|7383 C an3',
  ),
  QTY: rule('C186 M: 6063 M an3, 6060 M n15, 6411 C an8'),
  PRI: rule('C509 C: 5125 M an3, 5118 C n15, 5375 C an3, 5387 C an3, 5284 C n9, 6411 C an8|5213 C an3'),
  ALC: rule('5463 M an3|…'),
  PCD: rule('C501 M: 5245 M an3, 5482 C n10, 5249 C an3, 1131 C an17, 3055 C an3|4405 C an3'),
  UNS: rule('0081 M a1'),
  CNT: rule('C270 M: 6069 M an3, 6066 M n18, 6411 C an8'),
  UNT: rule('0074 M n10|0062 M an14'),
  UNZ: rule('0036 M n6|0020 M an14'),
};

/** Checks each element and component of a segment: presence, shape of composites, size, characters, numbers. */
export function checkElements(segment: Segment, decimal: '.' | ','): EdiProblem[] {
  const problems: EdiProblem[] = [];
  const expected = rules[segment.tag];
  segment.elements.forEach((components, index) => {
    const bad = components.findIndex((value) => hasControlCharacter(value));
    if (bad >= 0) {
      problems.push(
        elementProblem(
          'ELEMENT_CHARACTER',
          segment,
          [index + 1, bad + 1],
          String(index + 1),
          'carries a control character',
        ),
      );
    }
  });
  if (!expected) return problems;
  if (segment.elements.length > expected.elements.length && !expected.open) {
    const place = expected.elements.length + 1;
    problems.push(
      elementProblem(
        'ELEMENT_TOO_MANY',
        segment,
        [place, 1],
        String(place),
        `is one more than ${segment.tag} has`,
      ),
    );
  }
  expected.elements.forEach((element, index) => {
    problems.push(...checkElement(segment, element, index + 1, decimal));
  });
  return problems;
}

function checkElement(
  segment: Segment,
  element: ElementRule,
  place: number,
  decimal: '.' | ',',
): EdiProblem[] {
  const given = segment.elements[place - 1] ?? [];
  const composite = element.components.length > 1 || /^[CS]/.test(element.id);
  const name = (component: number): string => {
    const id = element.components[component - 1]?.id ?? String(component);
    return composite ? `${element.id}.${id}` : id;
  };
  if (given.every((value) => value === '')) {
    if (!element.mandatory) return [];
    return [
      elementProblem('ELEMENT_MISSING', segment, [place, null], element.id, 'is mandatory and missing'),
    ];
  }
  const problems: EdiProblem[] = [];
  const report = (code: EdiProblemCode, component: number, reason: string): void => {
    problems.push(
      elementProblem(code, segment, [place, composite ? component : null], name(component), reason),
    );
  };
  if (given.length > element.components.length) {
    report('ELEMENT_TOO_MANY', element.components.length + 1, `is a component more than ${element.id} has`);
  }
  element.components.forEach((component, index) => {
    const value = given[index] ?? '';
    if (value === '') {
      if (component.mandatory) report('ELEMENT_MISSING', index + 1, 'is mandatory and missing');
      return;
    }
    const size = component.numeric ? value.replace(/[-.,]/g, '').length : value.length;
    if (size > component.max) {
      report(
        'ELEMENT_TOO_LONG',
        index + 1,
        `("${value.slice(0, 35)}") has more than ${component.max} characters`,
      );
    } else if (component.numeric && readDecimal(value, decimal) === null) {
      report('ELEMENT_NUMBER', index + 1, 'is no number');
    } else if (value.trim() === '') {
      report('ELEMENT_VALUE', index + 1, 'is blank');
    }
  });
  return problems;
}

/** The EDIFACT writing of an element: tag, composite and component, `DTM C507.2005`. */
export function elementProblem(
  code: EdiProblemCode,
  segment: Segment,
  [elementPosition, componentPosition]: [number, number | null],
  element: string,
  reason: string,
): EdiProblem {
  return problem(code, segment.tag, `${segment.tag} ${element} ${reason}.`, {
    position: segment.position,
    element: `${segment.tag} ${element}`,
    elementPosition,
    componentPosition,
  });
}
