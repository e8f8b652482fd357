import { Tooltip } from '@mantine/core';
import type { PropsWithChildren } from 'react';
import styles from './badges.module.css';
import { sentence } from './format.js';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'idle' | 'accent' | 'shared' | 'hybrid' | 'dedicated';

interface BadgeProps extends PropsWithChildren {
  tone: Tone;
  dot?: boolean;
  /** Something is under way. */
  moving?: boolean;
  plain?: boolean;
}

export function Badge({ tone, dot, moving, plain, children }: BadgeProps) {
  const classes = [
    styles['badge'],
    styles[`tone-${tone}`],
    moving && styles['moving'],
    plain && styles['plain'],
  ];
  return (
    <span className={classes.filter(Boolean).join(' ')}>
      {dot && <i className={styles['dot']} aria-hidden="true" />}
      {children}
    </span>
  );
}

/** One word for one thing: every status of tenants, operations, steps, releases and waves has its tone here. */
const tones: Record<string, [Tone, moving?: boolean]> = {
  ACTIVE: ['good'],
  SUCCEEDED: ['good'],
  PASSED: ['good'],
  PASS: ['good'],
  EXPOSED: ['good'],
  APPLIED: ['good'],
  DONE: ['good'],
  COPYING: ['info', true],
  FOLLOWING: ['info', true],
  UNDO_WINDOW: ['accent'],
  ABORTED: ['bad'],
  CURRENT: ['good'],
  COMPLETE: ['good'],
  FRESH: ['good'],
  IN_REVIEW: ['warn'],
  BEHIND: ['warn'],
  STALE: ['warn'],
  OVERDUE: ['warn'],
  SCHEDULED: ['info'],
  REJECTED: ['bad'],
  NEVER: ['bad'],
  READY: ['accent'],
  STAGED: ['accent'],
  PROVISIONING: ['info', true],
  RUNNING: ['info', true],
  STARTING: ['info', true],
  STOPPING: ['warn', true],
  BACKING_OFF: ['warn'],
  APPLYING: ['info', true],
  MOVING: ['info', true],
  SOAKING: ['info', true],
  WAITING: ['warn', true],
  ROLLING_BACK: ['warn', true],
  OFFBOARDING: ['warn', true],
  PAUSED: ['warn'],
  HELD: ['warn'],
  SUSPENDED: ['warn'],
  INCONCLUSIVE: ['warn'],
  FAILED: ['bad'],
  FAIL: ['bad'],
};

export function StatusBadge({ status, plain }: { status: string; plain?: boolean }) {
  const [tone, moving] = tones[status] ?? ['idle'];
  return (
    <Badge tone={tone} dot moving={moving ?? false} plain={plain ?? false}>
      {sentence(status)}
    </Badge>
  );
}

interface TenantStatusBadgeProps {
  status: string;
  /** Of a SUSPENDED tenant: READ_ONLY refuses writes alone. */
  suspension: string | null;
  plain?: boolean;
}

/** The status of a tenant as people read it; one whose writes alone are refused says so. */
export const tenantStatusTitle = (status: string, suspension: string | null): string =>
  status === 'SUSPENDED' && suspension === 'READ_ONLY' ? 'Read only' : sentence(status);

/** The status of a tenant, with what a suspension refuses. */
export function TenantStatusBadge({ status, suspension, plain }: TenantStatusBadgeProps) {
  if (status !== 'SUSPENDED') return <StatusBadge status={status} plain={plain ?? false} />;
  const readOnly = suspension === 'READ_ONLY';
  return (
    <Tooltip label={readOnly ? 'Reads are served, writes are refused' : 'Every request is refused'}>
      <span>
        <Badge tone={readOnly ? 'warn' : 'bad'} dot plain={plain ?? false}>
          {tenantStatusTitle(status, suspension)}
        </Badge>
      </span>
    </Tooltip>
  );
}

export type Tier = 'SHARED' | 'HYBRID' | 'DEDICATED';
export type Placement = 'SHARED' | 'DEDICATED';
const tierTone = { SHARED: 'shared', HYBRID: 'hybrid', DEDICATED: 'dedicated' } as const;

interface TierBadgeProps {
  tier: Tier;
  database?: Placement;
  workers?: Placement;
}

/** The tier, and as two cells what makes it: database and integration workers, filled where dedicated. */
export function TierBadge({ tier, database, workers }: TierBadgeProps) {
  const badge = (
    <span>
      <Badge tone={tierTone[tier]}>
        <span className={styles['glyph']} aria-hidden="true">
          <i data-filled={database ? database === 'DEDICATED' : tier === 'DEDICATED'} />
          <i data-filled={workers ? workers === 'DEDICATED' : tier !== 'SHARED'} />
        </span>
        {sentence(tier)}
      </Badge>
    </span>
  );
  if (!database || !workers) return badge;
  return (
    <Tooltip label={`Database ${database.toLowerCase()}, integration workers ${workers.toLowerCase()}`}>
      {badge}
    </Tooltip>
  );
}
