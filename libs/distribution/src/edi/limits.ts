/** Bounds on what a partner may send. They stop a document built to exhaust memory or time before it is read. */
export interface EdiLimits {
  /** Bytes of one transmission. */
  maxBytes: number;
  maxInterchanges: number;
  maxSegments: number;
  /** Transaction sets or messages of one interchange. */
  maxMessages: number;
  maxElementsPerSegment: number;
  maxComponentsPerElement: number;
  /** Characters of one component. */
  maxValueLength: number;
  /** Order lines of one message. */
  maxLines: number;
  /** Problems reported per message; more help nobody and would make the answer larger than the question. */
  maxProblems: number;
}

export const ediLimits: EdiLimits = {
  maxBytes: 4 * 1024 * 1024,
  maxInterchanges: 100,
  maxSegments: 200_000,
  maxMessages: 1_000,
  maxElementsPerSegment: 100,
  maxComponentsPerElement: 50,
  maxValueLength: 1_024,
  maxLines: 20_000,
  maxProblems: 50,
};
