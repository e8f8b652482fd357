import { IconClock } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { auditTailSubscription } from '../audit/audit.query.js';
import { changeRequestsQuery } from '../change-requests/change-requests.query.js';
import { StatusBadge } from '../components/badges.js';
import { counted, formatLocal } from '../components/format.js';
import { Panel } from '../components/page.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import styles from './flag-side.module.css';

/** Change requests of a flag that are not done. */
export function useFlagRequests(flag: string, environment: string) {
  const { data, refresh } = useRead(changeRequestsQuery, {
    flag,
    environment,
    status: ['DRAFT', 'IN_REVIEW', 'SCHEDULED', 'REJECTED'],
    first: 20,
  });
  return { requests: data?.changeRequests.edges.map(({ node }) => node) ?? [], refresh };
}

/** What may come for a flag, and when. */
export function FlagRequests({ flag, environment }: { flag: string; environment: string }) {
  const { requests, refresh } = useFlagRequests(flag, environment);
  const again = useThrottled(refresh);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.area === 'flags') again();
  });
  if (requests.length === 0) return null;
  return (
    <Panel title="On their way" flush>
      {requests.map((request) => (
        <Link
          key={request.id}
          to="/change-requests/$id"
          params={{ id: request.id }}
          className={styles['request']}
        >
          <span className={styles['historyHead']}>
            <b className="truncate">{request.title}</b>
            <StatusBadge status={request.status} plain />
          </span>
          <span className="dim">{request.changes.find((change) => change.flag === flag)?.summary}</span>
          {request.applyAt ? (
            <span className={styles['when']}>
              <IconClock size={13} aria-hidden="true" /> applied {formatLocal(request.applyAt)}
            </span>
          ) : (
            request.approvalsNeeded > 0 && (
              <span className="dim num">
                {request.approvalsGiven} of {counted(request.approvalsNeeded, 'approval')}
              </span>
            )
          )}
        </Link>
      ))}
    </Panel>
  );
}
