import { IconClock, IconFilter, IconPercentage, IconUsersGroup } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { formatLocal } from '../../components/format.js';
import { useRead } from '../../graphql/use-read.js';
import { type Conditions, describeConstraint } from './conditions.js';
import { segmentNamesQuery } from './segments.query.js';
import styles from './conditions.module.css';

/** What a rule demands, in words: `20 % of accounts`, `plan is one of gold`, `segment Gold`, `until 4 Jan`. */
export function ConditionChips({ conditions }: { conditions: Conditions }) {
  const { percentage, stickiness, constraints, segments, startsAt, endsAt } = conditions;
  const { data } = useRead(segmentNamesQuery, {}, { pause: segments.length === 0 });
  const nameOf = (id: number) => data?.segments.find((segment) => segment.id === id)?.name ?? `${id}`;
  return (
    <span className={styles['chips']}>
      {percentage < 100 && (
        <Chip icon={<IconPercentage size={12} />}>
          {percentage} % {stickiness && `by ${stickiness}`}
        </Chip>
      )}
      {constraints.map((constraint, index) => (
        <Chip key={index} icon={<IconFilter size={12} />}>
          {describeConstraint(constraint)}
        </Chip>
      ))}
      {segments.map((id) => (
        <Chip key={id} icon={<IconUsersGroup size={12} />}>
          segment {nameOf(id)}
        </Chip>
      ))}
      {startsAt && <Chip icon={<IconClock size={12} />}>from {formatLocal(startsAt)}</Chip>}
      {endsAt && <Chip icon={<IconClock size={12} />}>until {formatLocal(endsAt)}</Chip>}
    </span>
  );
}

export function Chip({ icon, children }: { icon?: ReactNode; children: ReactNode }) {
  return (
    <span className={styles['chip']}>
      {icon}
      <span className={styles['chipText']}>{children}</span>
    </span>
  );
}
