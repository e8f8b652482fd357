import { CombinedError } from 'urql';

/** What a person needs to know of a failure: what happened, and what to do next. */
export interface Problem {
  code: string;
  message: string;
  hint?: string | undefined;
  /** Path of the input field that is wrong. */
  field?: string | undefined;
  /** Facts of the refusal, by its code. */
  details?: Readonly<Record<string, unknown>> | undefined;
}

export function describeError(error: unknown): Problem {
  if (error instanceof CombinedError) {
    const [first] = error.graphQLErrors;
    if (first) {
      const { code, hint, field, details } = first.extensions as Partial<Problem>;
      return { code: code ?? 'UNKNOWN', message: first.message, hint, field, details };
    }
    return {
      code: 'UNREACHABLE',
      message: 'The control plane does not answer.',
      hint: 'Is it running? `npm start` starts it; this page tries again by itself.',
    };
  }
  return { code: 'UNKNOWN', message: error instanceof Error ? error.message : String(error) };
}
