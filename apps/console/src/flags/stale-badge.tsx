import { Tooltip } from '@mantine/core';
import { Badge } from '../components/badges.js';
import { CommandText } from '../components/command-text.js';
import type { StaleFlag } from './flags.query.js';

export const staleWords: Record<StaleFlag['reasons'][number], string> = {
  EXPIRED: 'It has expired.',
  EXPIRES_SOON: 'It expires within two weeks.',
  MARKED_STALE: 'Somebody marked it.',
  UNUSED: 'No SDK asked for it in 30 days.',
  ROLLED_OUT: 'It is on for everybody in production, with no other rule, for 30 days.',
  NOT_IN_CODE: 'No scanned code names it.',
  ARCHIVED_IN_CODE: 'It is archived, and code still names it.',
};

const soonOnly = (reasons: readonly string[]) => reasons.every((reason) => reason === 'EXPIRES_SOON');

/** Marks a flag that has done its work; why, and what to do, on pointing at it. */
export function StaleBadge({ stale }: { stale: StaleFlag | undefined }) {
  if (!stale) return null;
  return (
    <Tooltip
      label={
        <>
          {stale.reasons.map((reason) => (
            <div key={reason}>{staleWords[reason]}</div>
          ))}
          <CommandText text={stale.advice} />
        </>
      }
    >
      <span>
        <Badge tone="warn">{soonOnly(stale.reasons) ? 'Expires soon' : 'Stale'}</Badge>
      </span>
    </Tooltip>
  );
}
