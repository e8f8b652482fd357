import { useCallback } from 'react';
import { type TypedDocumentNode, useMutation } from 'urql';
import { notifyDone, notifyProblem } from '../components/toasts.js';
import { randomId } from '../components/random-id.js';
import { describeError, type Problem } from './describe-error.js';

interface Outcome<Data> {
  /** What to say when it is done; nothing is said without it. */
  done?: string | ((data: Data) => string);
  /** Offers to take it back. */
  undo?: (data: Data) => Promise<unknown>;
  /** Called instead of the error toast. */
  onProblem?: (problem: Problem) => void;
}

export interface Command<Data, Input> {
  /** @returns undefined if the control plane refused; the person has been told why. */
  run: (input: Input, outcome?: Outcome<Data>) => Promise<Data | undefined>;
  busy: boolean;
}

/** A mutation with its idempotency key, its toast and its undo. */
export function useCommand<Data, Input extends object>(
  mutation: TypedDocumentNode<Data, { input: Input }>,
): Command<Data, Input> {
  const [result, execute] = useMutation(mutation);
  const run = useCallback(
    async (input: Input, outcome: Outcome<Data> = {}) => {
      const answer = await execute({ input: { ...input, clientMutationId: randomId() } });
      if (answer.error || !answer.data) {
        const problem = describeError(answer.error);
        if (outcome.onProblem) outcome.onProblem(problem);
        else notifyProblem(problem);
        return undefined;
      }
      const { data } = answer;
      if (outcome.done) {
        const message = typeof outcome.done === 'string' ? outcome.done : outcome.done(data);
        const { undo } = outcome;
        notifyDone(message, undo && (() => undo(data)));
      }
      return data;
    },
    [execute],
  );
  return { run, busy: result.fetching };
}
