import { problem, type EdiProblem } from './problem.js';

export type EdiStandard = 'X12' | 'EDIFACT';

/** Service characters of one interchange. */
export interface Delimiters {
  standard: EdiStandard;
  element: string;
  component: string;
  segment: string;
  /** Makes the next character data; X12 has none. */
  release: string | null;
  decimal: '.' | ',';
  /** Index of the first character that is a segment (after UNA). */
  start: number;
}

export const edifactDefaults: Omit<Delimiters, 'start'> = {
  standard: 'EDIFACT',
  element: '+',
  component: ':',
  segment: "'",
  release: '?',
  decimal: '.',
};

/** A character that may stand between data: one that is no letter, digit or space. Line breaks may end segments. */
function isService(character: string | undefined): character is string {
  return character !== undefined && character !== '' && !/[\p{L}\p{N} ]/u.test(character);
}

/**
 * Reads the service characters from the start of an interchange: ISA (fixed width, though a sender that does not pad
 * is still understood so that it can be answered), UNA, or UNB with the defaults.
 */
export function detectDelimiters(text: string, from = 0): Delimiters | EdiProblem {
  if (text.startsWith('ISA', from)) return detectX12(text, from);
  if (text.startsWith('UNA', from)) return detectUna(text, from);
  if (text.startsWith('UNB', from)) return detectUnb(text, from);
  return problem('UNKNOWN_FORMAT', '', 'The document starts with none of ISA, UNA and UNB.', { position: 1 });
}

const isaElements = 16;

function detectX12(text: string, from: number): Delimiters | EdiProblem {
  const element = text[from + 3];
  const unreadable = problem('ENVELOPE_STRUCTURE', 'ISA', 'The ISA segment does not have its 16 elements.', {
    position: 1,
  });
  if (!isService(element)) return unreadable;
  let at = from + 3;
  for (let i = 1; i < isaElements; i++) {
    at = text.indexOf(element, at + 1);
    if (at < 0 || at > from + 400) return unreadable;
  }
  const component = text[at + 1];
  const segment = text[at + 2];
  const distinct = new Set([element, component, segment]).size === 3;
  if (!isService(component) || !isService(segment) || !distinct) return unreadable;
  return { standard: 'X12', element, component, segment, release: null, decimal: '.', start: from };
}

function detectUna(text: string, from: number): Delimiters | EdiProblem {
  const [component, element, decimal, release, , segment] = text.slice(from + 3, from + 9);
  const all = [component, element, segment];
  if (release !== ' ') all.push(release);
  if (!all.every((character) => isService(character)) || new Set(all).size !== all.length) {
    return problem('ENVELOPE_STRUCTURE', 'UNA', 'UNA does not name six distinct service characters.', {
      position: 1,
    });
  }
  return {
    standard: 'EDIFACT',
    element: element as string,
    component: component as string,
    segment: segment as string,
    release: release === ' ' ? null : (release as string),
    decimal: decimal === ',' ? ',' : '.',
    start: from + 9,
  };
}

/** Without UNA the defaults hold; a sender that uses others all the same gives them away around the fixed `UNOx`. */
function detectUnb(text: string, from: number): Delimiters | EdiProblem {
  if (text[from + 3] === edifactDefaults.element) return { ...edifactDefaults, start: from };
  const element = text[from + 3];
  const component = text[from + 8];
  const header = isService(element) ? text.slice(from, from + 600).indexOf(`UNH${element}`) : -1;
  const segment =
    header > 0
      ? text
          .slice(from, from + header)
          .trimEnd()
          .at(-1)
      : undefined;
  const distinct = new Set([element, component, segment]).size === 3;
  if (!isService(element) || !isService(component) || !isService(segment) || !distinct) {
    return problem('ENVELOPE_STRUCTURE', 'UNB', 'UNB uses service characters that no UNA announces.', {
      position: 1,
    });
  }
  return { ...edifactDefaults, element, component, segment, start: from };
}
