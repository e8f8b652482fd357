/**
 * What can be wrong with a document. One list for both standards; the acknowledgement writers translate each code
 * into the standard's own (AK304, AK403, AK502, AK905, TA105; 0085 of CONTRL).
 */
export type EdiProblemCode =
  | 'UNKNOWN_FORMAT'
  | 'TOO_LARGE'
  | 'TRUNCATED'
  | 'ENVELOPE_STRUCTURE'
  | 'EMPTY_SEGMENT'
  | 'CONTROL_NUMBER_MISMATCH'
  | 'CONTROL_NUMBER_INVALID'
  | 'CONTROL_NUMBER_REPEATED'
  | 'CONTROL_NUMBER_REPLAYED'
  | 'COUNT_MISMATCH'
  | 'SYNTAX_UNSUPPORTED'
  | 'UNKNOWN_PARTNER'
  | 'UNSUPPORTED_MESSAGE'
  | 'UNSUPPORTED_VERSION'
  | 'GROUP_MISMATCH'
  | 'SEGMENT_MISSING'
  | 'SEGMENT_UNKNOWN'
  | 'SEGMENT_UNEXPECTED'
  | 'SEGMENT_REPEATED'
  | 'ELEMENT_MISSING'
  | 'ELEMENT_CONDITION'
  | 'ELEMENT_TOO_MANY'
  | 'ELEMENT_TOO_SHORT'
  | 'ELEMENT_TOO_LONG'
  | 'ELEMENT_CHARACTER'
  | 'ELEMENT_VALUE'
  | 'ELEMENT_DATE'
  | 'ELEMENT_TIME'
  | 'ELEMENT_NUMBER';

/** One reason for a refusal, precise enough for the partner to mend the document. */
export interface EdiProblem {
  readonly code: EdiProblemCode;
  /** Tag of the segment at fault, or of the one that is missing. */
  readonly segment: string;
  /** Place of the segment in the interchange, from 1; null if it concerns the document as a whole. */
  readonly position: number | null;
  /** The element in the standard's writing: `PO102`, `DTM C507.2005`; null if it concerns the whole segment. */
  readonly element: string | null;
  /** Place of the element in its segment, from 1. */
  readonly elementPosition: number | null;
  /** Place of the component in a composite, from 1. */
  readonly componentPosition: number | null;
  /** What is wrong, in a sentence. */
  readonly reason: string;
}

export type ProblemPlace = Partial<Omit<EdiProblem, 'code' | 'segment' | 'reason'>>;

export function problem(
  code: EdiProblemCode,
  segment: string,
  reason: string,
  place: ProblemPlace = {},
): EdiProblem {
  return {
    code,
    segment,
    position: place.position ?? null,
    element: place.element ?? null,
    elementPosition: place.elementPosition ?? null,
    componentPosition: place.componentPosition ?? null,
    reason,
  };
}
