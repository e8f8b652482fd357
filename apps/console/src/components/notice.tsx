import { IconAlertTriangle, IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';
import type { PropsWithChildren, ReactNode } from 'react';
import styles from './notice.module.css';

interface NoticeProps extends PropsWithChildren {
  tone: 'good' | 'warn' | 'bad' | 'info';
  title?: ReactNode;
}

const icons = {
  good: IconCircleCheck,
  warn: IconAlertTriangle,
  bad: IconAlertTriangle,
  info: IconInfoCircle,
};
/** Only what is wrong interrupts a screen reader. */
const roles = { good: 'status', warn: 'note', bad: 'alert', info: 'note' } as const;

/** Something to know about what is shown. */
export function Notice({ tone, title, children }: NoticeProps) {
  const Icon = icons[tone];
  return (
    <div className={styles['notice']} data-tone={tone} role={roles[tone]}>
      <Icon size={16} stroke={1.8} aria-hidden="true" />
      <div>
        {title && <div className={styles['title']}>{title}</div>}
        {children}
      </div>
    </div>
  );
}
