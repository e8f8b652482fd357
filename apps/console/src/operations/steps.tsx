import { Loader, Progress } from '@mantine/core';
import { IconCheck, IconClock, IconMinus, IconX } from '@tabler/icons-react';
import { formatDuration, formatNumber, sentence } from '../components/format.js';
import { useNow } from '../components/use-now.js';
import type { OperationStep } from './operation.fragment.js';
import styles from './steps.module.css';

interface StepsProps {
  steps: readonly OperationStep[];
  /** When the operation ended: a step that failed has no end of its own. */
  endedAt: string | null;
}

/** The steps of an operation as they run: state, duration, attempts, progress and error of each. */
export function Steps({ steps, endedAt }: StepsProps) {
  const running = steps.some(({ status }) => status === 'RUNNING' || status === 'WAITING');
  const now = useNow(running ? 200 : 60_000);
  return (
    <ol className={styles['steps']} aria-label="Steps">
      {steps.map((step) => (
        <li key={step.name} className={styles['step']} data-status={step.status}>
          <span className={styles['mark']} title={sentence(step.status)}>
            <StepMark status={step.status} />
          </span>
          <div className={styles['text']}>
            <div className={styles['line']}>
              <span className={styles['title']}>{step.title}</span>
              {step.attempts > 1 && <span className={styles['attempts']}>attempt {step.attempts}</span>}
              <span className={`${styles['duration']} num`}>{durationOf(step, endedAt, now)}</span>
            </div>
            <StepProgress progress={step.progress} running={step.status === 'RUNNING'} />
            {step.errorMessage && (
              <div className={styles[step.status === 'WAITING' ? 'waits' : 'error']}>{step.errorMessage}</div>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

function StepMark({ status }: { status: OperationStep['status'] }) {
  const icon = { size: 13, stroke: 2.4, 'aria-hidden': true } as const;
  if (status === 'SUCCEEDED') return <IconCheck {...icon} />;
  if (status === 'FAILED') return <IconX {...icon} />;
  if (status === 'SKIPPED') return <IconMinus {...icon} />;
  if (status === 'WAITING') return <IconClock {...icon} />;
  if (status === 'RUNNING') return <Loader size={13} color="currentColor" />;
  return <i className={styles['pending']} />;
}

function durationOf(step: OperationStep, endedAt: string | null, now: number): string {
  if (!step.startedAt) return '';
  const ended = step.finishedAt ?? endedAt;
  const end = ended ? new Date(ended).getTime() : now;
  return formatDuration(Math.max(0, end - new Date(step.startedAt).getTime()));
}

interface ProgressFacts {
  done?: number;
  total?: number;
  unit?: string;
  message?: string;
}

function StepProgress({ progress, running }: { progress: unknown; running: boolean }) {
  if (!progress || typeof progress !== 'object') return null;
  const { done, total, unit, message } = progress as ProgressFacts;
  const counted = done !== undefined && total !== undefined && total > 0;
  return (
    <div className={styles['progress']}>
      {counted && running && (
        <Progress value={(done / total) * 100} size={5} radius="xl" aria-label="Progress" />
      )}
      <span className="num">
        {counted
          ? `${formatNumber(done)} of ${formatNumber(total)} ${unit ?? ''}`
          : done === undefined
            ? ''
            : `${formatNumber(done)} ${unit ?? ''}`}
        {message && ` ${message}`}
      </span>
    </div>
  );
}
