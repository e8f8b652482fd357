import { useCallback } from 'react';
import { CommandText } from '../components/command-text.js';
import { useConfirm } from '../components/confirm.js';
import type { Problem } from '../graphql/describe-error.js';
import styles from './change-requests.module.css';

interface Finding {
  code: string;
  severity: 'ERROR' | 'WARNING';
  message: string;
  hint: string;
}

type Attempt<Done> = (
  lintOverride: string | null,
  onProblem: (problem: Problem) => void,
) => Promise<Done | undefined>;

/**
 * Runs a change that the lint may refuse. Where it does, the person is told what would open by accident and may say why
 * it is wanted all the same; then it is run again with that. Any other refusal goes to `onProblem`.
 */
export function useLintOverride() {
  const confirm = useConfirm();
  return useCallback(
    async <Done,>(
      attempt: Attempt<Done>,
      onProblem: (problem: Problem) => void,
    ): Promise<Done | undefined> => {
      const refusals: Problem[] = [];
      const done = await attempt(null, (problem) => refusals.push(problem));
      const [refusal] = refusals;
      if (!refusal) return done;
      if (refusal.code !== 'LINT_REFUSED') {
        onProblem(refusal);
        return undefined;
      }
      const answer = await confirm({
        title: 'The lint refuses this',
        body: <Findings refusal={refusal} />,
        action: 'Do it all the same',
        danger: true,
        askReason: 'required',
        reasonLabel: 'Why it is wanted all the same',
      });
      return answer?.reason ? attempt(answer.reason, onProblem) : undefined;
    },
    [confirm],
  );
}

function Findings({ refusal }: { refusal: Problem }) {
  const findings = ((refusal.details?.['findings'] ?? []) as Finding[]).filter(
    ({ severity }) => severity === 'ERROR',
  );
  if (findings.length === 0) return <>{refusal.message}</>;
  return (
    <ul className={styles['findings']} aria-label="What the lint found">
      {findings.map(({ code, message, hint }, index) => (
        <li key={index}>
          {message} <span className="mono faint">{code}</span>
          <CommandText text={hint} size="sm" c="dimmed" />
        </li>
      ))}
    </ul>
  );
}
