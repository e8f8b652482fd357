import { Button } from '@mantine/core';
import { IconAlertTriangle, type TablerIcon } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Problem } from '../graphql/describe-error.js';
import { CommandText } from './command-text.js';
import { CopyButton } from './copy-button.js';
import styles from './states.module.css';

interface EmptyStateProps {
  icon: TablerIcon;
  title: string;
  children?: ReactNode;
  /** The same by the command line. */
  cli?: string;
  action?: ReactNode;
}

/** Nothing to show: says what would be here and how to make it. */
export function EmptyState({ icon: Icon, title, children, cli, action }: EmptyStateProps) {
  return (
    <div className={styles['state']}>
      <span className={styles['icon']} aria-hidden="true">
        <Icon size={21} stroke={1.6} />
      </span>
      <div className={styles['title']}>{title}</div>
      {children && <div className={styles['text']}>{children}</div>}
      {cli && <CliLine command={cli} />}
      {action}
    </div>
  );
}

/** A command that can be copied. */
export function CliLine({ command }: { command: string }) {
  return (
    <span className={styles['cli']}>
      <code title={command}>{command}</code>
      <CopyButton value={command} label="Copy the command" />
    </span>
  );
}

export function ProblemState({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  return (
    <div className={styles['state']} role="alert">
      <span className={styles['icon']} data-bad aria-hidden="true">
        <IconAlertTriangle size={21} stroke={1.6} />
      </span>
      <div className={styles['title']}>{problem.message}</div>
      {problem.hint && <CommandText text={problem.hint} c="dimmed" size="sm" />}
      <span className="mono faint">{problem.code}</span>
      {onRetry && (
        <Button variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
