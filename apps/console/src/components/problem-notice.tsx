import type { Problem } from '../graphql/describe-error.js';
import { CommandText } from './command-text.js';
import { Notice } from './notice.js';

/** Why something was refused, and what to do about it. */
export function ProblemNotice({ problem }: { problem: Problem }) {
  return (
    <Notice tone="bad" title={problem.message}>
      {problem.hint && <CommandText text={problem.hint} size="sm" />}
    </Notice>
  );
}
