import type { ReactNode } from 'react';
import styles from './facts.module.css';

/** Names and values, aligned. Entries without a value are left out. */
export function Facts({ entries }: { entries: [string, ReactNode][] }) {
  return (
    <dl className={styles['facts']}>
      {entries
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value], index) => (
          <div key={`${name} ${index}`} className={styles['fact']}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** One figure with its name. */
export function Stat({ label, value, detail }: { label: string; value: ReactNode; detail?: ReactNode }) {
  return (
    <div className={styles['stat']}>
      <div className={styles['statLabel']}>{label}</div>
      <div className={`${styles['statValue']} num`}>{value}</div>
      {detail && <div className={styles['statDetail']}>{detail}</div>}
    </div>
  );
}
