import { Tooltip } from '@mantine/core';
import { useLiveState } from '../graphql/live-state.js';
import styles from './shell.module.css';

const meaning = {
  live: { label: 'Live', detail: 'Changes appear by themselves.' },
  idle: { label: 'Connected', detail: 'This page needs no live updates.' },
  lost: { label: 'Reconnecting', detail: 'Live updates are interrupted; what you see may be stale.' },
};

export function LiveDot() {
  const state = useLiveState();
  return (
    <Tooltip label={meaning[state].detail} position="right">
      <div className={styles['live']} data-state={state} role="status">
        <i aria-hidden="true" />
        <span className={styles['linkLabel']}>{meaning[state].label}</span>
      </div>
    </Tooltip>
  );
}
