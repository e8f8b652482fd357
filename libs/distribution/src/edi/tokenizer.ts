import type { Delimiters } from './delimiters.js';
import type { EdiLimits } from './limits.js';
import { problem, type EdiProblem } from './problem.js';
import type { Segment } from './segment.js';

export interface Tokens {
  segments: Segment[];
  /** Index after the last character read. */
  end: number;
  problems: EdiProblem[];
}

/**
 * Cuts one interchange into segments, up to and including its trailer (IEA or UNZ). One pass, linear in the length of
 * the text; stops at the first bound it meets. Line breaks, tabs and spaces between segments are layout, not data.
 */
export function tokenize(text: string, delimiters: Delimiters, limits: EdiLimits): Tokens {
  const trailer = delimiters.standard === 'X12' ? 'IEA' : 'UNZ';
  const tokens: Tokens = { segments: [], end: delimiters.start, problems: [] };
  let at = delimiters.start;
  while (at < text.length) {
    at = skipLayout(text, at, delimiters.segment);
    if (at >= text.length) break;
    const position = tokens.segments.length + 1;
    if (text[at] === delimiters.segment) {
      const before = tokens.segments.at(-1)?.tag ?? '';
      tokens.problems.push(
        problem('EMPTY_SEGMENT', before, `An empty segment follows ${before || 'the start'}.`, { position }),
      );
      if (tokens.problems.length >= limits.maxProblems) break;
      at += 1;
      continue;
    }
    if (position > limits.maxSegments) {
      tokens.problems.push(
        problem('TOO_LARGE', '', `More than ${limits.maxSegments} segments in one interchange.`, {
          position,
        }),
      );
      break;
    }
    const { segment, end, fault } = readSegment(text, at, position, delimiters, limits);
    at = end;
    tokens.segments.push(segment);
    if (fault) {
      tokens.problems.push(fault);
      break;
    }
    if (segment.tag === trailer) break;
  }
  tokens.end = skipLayout(text, at, '');
  return tokens;
}

/** Tags have two or three characters; what stands in their place may be anything, and is quoted in the problem. */
const maxTagLength = 12;

function skipLayout(text: string, from: number, terminator: string): number {
  let at = from;
  // A line break that ends segments is layout too where it stands alone: a blank line is no empty segment.
  while (at < text.length && isLayout(text[at] as string, terminator)) at += 1;
  return at;
}

function isLayout(character: string, terminator: string): boolean {
  if (character === '\n' || character === '\r') return true;
  if (character === terminator) return false;
  return character === ' ' || character === '\t' || character === '\u001A' || character === '\uFEFF';
}

interface ReadSegment {
  segment: Segment;
  end: number;
  fault: EdiProblem | null;
}

function readSegment(
  text: string,
  from: number,
  position: number,
  { element, component, segment: terminator, release, standard }: Delimiters,
  limits: EdiLimits,
): ReadSegment {
  const elements: string[][] = [];
  let components: string[] = [];
  let value = '';
  let chunk = from;
  let at = from;
  let closed = false;
  let fault: EdiProblem | null = null;
  const composite = standard === 'EDIFACT';
  for (; at < text.length; at += 1) {
    const character = text[at];
    if (release !== null && character === release) {
      value += text.slice(chunk, at);
      at += 1;
      chunk = at;
      continue;
    }
    const ends = character === terminator;
    if (!ends && character !== element && !(composite && character === component)) {
      if (at - chunk > limits.maxValueLength) {
        fault = tooLong(elements, position, limits);
        break;
      }
      continue;
    }
    value += text.slice(chunk, at);
    chunk = at + 1;
    components.push(value);
    fault ??= tooLarge(value, components, elements, position, limits);
    value = '';
    if (ends || character === element) {
      elements.push(components);
      components = [];
    }
    if (ends) {
      closed = true;
      break;
    }
    if (fault) break;
  }
  // The end of the text ends the last line as well as a line break would.
  if (!closed && !fault && terminator === '\n' && at >= text.length) {
    elements.push([...components, value + text.slice(chunk, at).replace(/\r$/, '')]);
    closed = true;
  }
  const tag = (closed || elements.length > 0 ? elements[0]?.[0] : value + text.slice(chunk, at)) ?? '';
  const readable = tag.slice(0, maxTagLength);
  if (!closed) {
    fault ??= problem(
      'TRUNCATED',
      readable,
      'The document ends inside this segment: its terminator is missing.',
      {
        position,
      },
    );
  }
  return {
    segment: { tag: readable, position, elements: elements.slice(1) },
    end: closed ? at + 1 : text.length,
    fault,
  };
}

function tooLong(elements: readonly string[][], position: number, limits: EdiLimits): EdiProblem {
  const tag = (elements[0]?.[0] ?? '').slice(0, maxTagLength);
  const reason = `An element is longer than ${limits.maxValueLength} characters.`;
  return problem('TOO_LARGE', tag, reason, { position });
}

function tooLarge(
  value: string,
  components: readonly string[],
  elements: readonly string[][],
  position: number,
  limits: EdiLimits,
): EdiProblem | null {
  const tag = (elements[0]?.[0] ?? '').slice(0, maxTagLength);
  if (value.length > limits.maxValueLength) return tooLong(elements, position, limits);
  if (components.length > limits.maxComponentsPerElement || elements.length > limits.maxElementsPerSegment) {
    return problem('TOO_LARGE', tag, 'The segment has too many elements.', { position });
  }
  return null;
}
