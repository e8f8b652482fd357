import { problem, type EdiProblem } from './problem.js';
import type { Segment } from './segment.js';

/** A segment of a message's table, with the segments that follow it if it starts a loop (segment group). */
export interface Part {
  tag: string;
  mandatory: boolean;
  repeats: boolean;
  loop: Part[];
}

/**
 * Reads a segment table: `BEG! CUR? REF* N1*(N3* N4?)` is BEG once, CUR at most once, any number of REF, any number of
 * loops that N1 starts. `+` is at least once.
 */
export function segmentTable(text: string): Part[] {
  const words = text.match(/[A-Z0-9]{2,3}[!?*+]|[()]/g) ?? [];
  const stack: Part[][] = [[]];
  for (const word of words) {
    const level = stack.at(-1) as Part[];
    if (word === '(') stack.push((level.at(-1) as Part).loop);
    else if (word === ')') stack.pop();
    else {
      const mark = word.at(-1);
      level.push({
        tag: word.slice(0, -1),
        mandatory: mark === '!' || mark === '+',
        repeats: mark === '*' || mark === '+',
        loop: [],
      });
    }
  }
  return stack[0] as Part[];
}

/**
 * Checks a message against its table: every mandatory segment there, nothing unknown, nothing out of order. A segment
 * belongs to the first place of the table, from where the one before it stood, that takes its tag (the standards'
 * own rule, which makes their tables unambiguous). The first misplaced segment ends the check: what follows it can no
 * longer be placed with certainty.
 */
export function checkStructure(table: readonly Part[], segments: readonly Segment[]): EdiProblem[] {
  const problems: EdiProblem[] = [];
  const end = matchParts(table, segments, 0, problems);
  const misplaced = segments[end];
  if (misplaced) problems.push(explainMisplaced(table, segments, end, misplaced));
  return problems;
}

function matchParts(
  parts: readonly Part[],
  segments: readonly Segment[],
  from: number,
  problems: EdiProblem[],
): number {
  let at = from;
  for (const part of parts) {
    let seen = 0;
    while (segments[at]?.tag === part.tag && (part.repeats || seen === 0)) {
      seen += 1;
      at = matchParts(part.loop, segments, at + 1, problems);
    }
    if (part.mandatory && seen === 0) {
      const after = segments[at - 1]?.tag;
      problems.push(
        problem(
          'SEGMENT_MISSING',
          part.tag,
          `The mandatory segment ${part.tag} is missing${after ? ` after ${after}` : ''}.`,
          { position: (segments[at] ?? segments[at - 1])?.position ?? null },
        ),
      );
    }
  }
  return at;
}

function explainMisplaced(
  table: readonly Part[],
  segments: readonly Segment[],
  index: number,
  { tag, position }: Segment,
): EdiProblem {
  if (!hasTag(table, tag)) {
    return problem('SEGMENT_UNKNOWN', tag, `Segment ${tag} does not belong to this message.`, { position });
  }
  if (segments[index - 1]?.tag === tag) {
    return problem('SEGMENT_REPEATED', tag, `Segment ${tag} may not repeat here.`, { position });
  }
  return problem('SEGMENT_UNEXPECTED', tag, `Segment ${tag} stands out of sequence.`, { position });
}

function hasTag(parts: readonly Part[], tag: string): boolean {
  return parts.some((part) => part.tag === tag || hasTag(part.loop, tag));
}
