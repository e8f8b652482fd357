import { Button, Skeleton, Stack } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { EmptyState, ProblemState } from '../components/states.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { usePages } from '../graphql/use-pages.js';
import styles from './audit.module.css';
import { auditQuery, auditTailSubscription, type AuditEvent } from './audit.query.js';
import { EventRow } from './event-row.js';

interface AuditFilter {
  tenant?: string | undefined;
  subject?: string | undefined;
  area?: string | undefined;
  actor?: string | undefined;
}

/** Changes, the newest first, by day; new ones appear on top. */
export function Timeline({ filter }: { filter: AuditFilter }) {
  const events = usePages(
    auditQuery,
    {
      tenant: filter.tenant ?? null,
      subject: filter.subject ?? null,
      area: filter.area ?? null,
      actor: filter.actor ?? null,
    },
    (data) => data.auditEvents,
  );
  useLive(auditTailSubscription, {}, useThrottled(events.refresh, 500));
  if (events.problem) return <ProblemState problem={events.problem} onRetry={events.refresh} />;
  if (events.loading && events.rows.length === 0) {
    return (
      <Stack gap="xs">
        {Array.from({ length: 8 }, (_, index) => (
          <Skeleton key={index} height={34} radius="sm" />
        ))}
      </Stack>
    );
  }
  if (events.rows.length === 0) {
    return (
      <EmptyState icon={IconHistory} title="Nothing was changed" cli="tierdeck audit tail">
        Every change of state is written here in the same transaction that makes it.
      </EmptyState>
    );
  }
  return (
    <div className={styles['timeline']}>
      {byDay(events.rows).map(([day, rows]) => (
        <section key={day} className={styles['day']} aria-label={day}>
          <h2>{day}</h2>
          <div className={styles['events']}>
            {rows.map((event) => (
              <EventRow key={event.revision} event={event} />
            ))}
          </div>
        </section>
      ))}
      {events.hasMore && (
        <Button variant="default" onClick={events.loadMore}>
          Earlier events
        </Button>
      )}
    </div>
  );
}

const dayName = new Intl.DateTimeFormat('en-GB', {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
});

function byDay(events: AuditEvent[]): [string, AuditEvent[]][] {
  const days = new Map<string, AuditEvent[]>();
  for (const event of events) {
    const day = dayName.format(new Date(event.at));
    days.set(day, [...(days.get(day) ?? []), event]);
  }
  return [...days];
}
