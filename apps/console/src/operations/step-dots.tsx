import type { OperationStep } from './operation.fragment.js';
import styles from './step-dots.module.css';

/** An operation's steps at a glance. */
export function StepDots({ steps }: { steps: readonly OperationStep[] }) {
  const done = steps.filter(({ status }) => status === 'SUCCEEDED' || status === 'SKIPPED').length;
  return (
    <span className={styles['dots']} title={`${done} of ${steps.length} steps done`}>
      {steps.map((step) => (
        <i key={step.name} data-status={step.status} />
      ))}
      <span className="num faint">
        {done}/{steps.length}
      </span>
    </span>
  );
}
