import { Button, Skeleton } from '@mantine/core';
import { IconMailX, IconRefresh } from '@tabler/icons-react';
import { Badge } from '../components/badges.js';
import { Panel } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useCommand } from '../graphql/use-command.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import styles from './tenant.module.css';
import { deadLettersQuery, retryDeadLetterMutation } from './tenant.query.js';

/** Jobs that failed every attempt: why, with what, and another try. */
export function DeadLetters({ slug }: { slug: string }) {
  const may = useCan('operations:write');
  const { data, problem, loading, refresh } = useRead(deadLettersQuery, { slug });
  const retry = useCommand(retryDeadLetterMutation);
  if (problem) return <ProblemState problem={problem} onRetry={refresh} />;
  if (loading || !data) return <Skeleton height={140} radius="md" />;
  if (data.deadLetters.length === 0) {
    return (
      <EmptyState icon={IconMailX} title="No dead letters">
        A job that fails every attempt lands here instead of being lost: an EDI document that nobody can read,
        for instance.
      </EmptyState>
    );
  }
  const again = async (id: string) => {
    await retry.run({ tenant: slug, id }, { done: 'The job is queued again' });
    refresh();
  };
  return (
    <div className={styles['letters']}>
      {data.deadLetters.map((letter) => (
        <Panel key={letter.id}>
          <div className={styles['letterHead']}>
            <b>{letter.kind}</b>
            <Badge tone="bad">{letter.attempts} attempts</Badge>
            <span className="dim" style={{ flex: 1 }}>
              <Time at={letter.createdAt} />
            </span>
            <Button
              variant="default"
              disabled={!may}
              leftSection={<IconRefresh size={14} />}
              onClick={() => void again(letter.id)}
            >
              Retry
            </Button>
          </div>
          {letter.error && <div className={styles['letterError']}>{letter.error}</div>}
          {letter.payload !== null && (
            <pre className={styles['payload']}>{JSON.stringify(letter.payload, null, 2)}</pre>
          )}
        </Panel>
      ))}
    </div>
  );
}
