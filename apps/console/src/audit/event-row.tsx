import { UnstyledButton } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import { Badge, type Tone } from '../components/badges.js';
import { CopyButton } from '../components/copy-button.js';
import { formatLocal } from '../components/format.js';
import { JsonDiff } from '../components/json-diff.js';
import type { AuditEvent } from './audit.query.js';
import styles from './audit.module.css';

const areaTone: Record<string, Tone> = {
  tenancy: 'shared',
  tenants: 'shared',
  flags: 'hybrid',
  releases: 'dedicated',
  quotas: 'warn',
  identity: 'bad',
  operations: 'info',
};

/** One change: who, what, on which subject; opened, before and after. */
export function EventRow({ event }: { event: AuditEvent }) {
  const [open, setOpen] = useState(false);
  return (
    <div className={styles['event']} data-open={open}>
      <UnstyledButton
        className={styles['eventHead'] ?? ''}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <IconChevronRight size={14} className={styles['chevron']} aria-hidden="true" />
        <span className={`${styles['revision']} num`}>{event.revision}</span>
        <time dateTime={event.at} className="num dim" title={formatLocal(event.at)}>
          {new Date(event.at).toLocaleTimeString('en-GB')}
        </time>
        <span className={styles['area']}>
          <Badge tone={areaTone[event.area] ?? 'idle'}>{event.area}</Badge>
        </span>
        <span className={styles['what']}>
          <b>{event.action}</b> <span className="mono dim">{event.subject}</span>
          {event.reason && <span className="dim"> — “{event.reason}”</span>}
        </span>
        {event.environment && <span className={styles['environment']}>{event.environment}</span>}
        <span className={styles['actor']}>{event.actor}</span>
      </UnstyledButton>
      {open && (
        <div className={styles['eventBody']}>
          <JsonDiff before={event.before} after={event.after} />
          <div className={styles['proof']}>
            <span>
              Hash <span className="mono">{event.hash.slice(0, 24)}…</span>
            </span>
            <CopyButton value={event.hash} label="Copy the hash" />
            {event.correlation && (
              <span>
                Correlation <span className="mono">{event.correlation}</span>
              </span>
            )}
            <span>Actor kind {event.actorKind}</span>
          </div>
        </div>
      )}
    </div>
  );
}
