/** One segment of an interchange, delimiters and release characters already resolved. */
export interface Segment {
  readonly tag: string;
  /** Place in the interchange, from 1. */
  readonly position: number;
  /** Elements after the tag, each a list of components. X12 elements are kept whole: one component. */
  readonly elements: readonly (readonly string[])[];
}

/** Value of an element (and component), both from 1; empty text where it was left out. */
export function valueOf(segment: Segment | undefined, element: number, component = 1): string {
  return segment?.elements[element - 1]?.[component - 1] ?? '';
}

/** The first segment with the tag, if any. */
export function firstOf(segments: readonly Segment[], tag: string): Segment | undefined {
  return segments.find((segment) => segment.tag === tag);
}

/**
 * Splits a message into its head and the loops a tag starts: everything from one such segment to the next, or to the
 * first segment named in `end`.
 */
export function loopsOf(
  segments: readonly Segment[],
  start: string,
  end: readonly string[] = [],
): { head: Segment[]; loops: Segment[][]; tail: Segment[] } {
  const head: Segment[] = [];
  const loops: Segment[][] = [];
  const tail: Segment[] = [];
  for (const segment of segments) {
    if (tail.length > 0 || (loops.length > 0 && end.includes(segment.tag))) tail.push(segment);
    else if (segment.tag === start) loops.push([segment]);
    else (loops.at(-1) ?? head).push(segment);
  }
  return { head, loops, tail };
}
