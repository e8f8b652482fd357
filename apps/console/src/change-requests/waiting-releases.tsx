import { Link } from '@tanstack/react-router';
import { StatusBadge } from '../components/badges.js';
import { Panel } from '../components/page.js';
import { Time } from '../components/time.js';
import { useRead } from '../graphql/use-read.js';
import { waitingReleasesQuery } from './change-requests.query.js';
import styles from './change-requests.module.css';

/** Releases that cannot start in production before somebody approves them; nothing if there are none. */
export function WaitingReleases() {
  const { data } = useRead(waitingReleasesQuery, {});
  const waiting = (data?.releases.edges ?? [])
    .map(({ node }) => node)
    .filter(
      ({ needsApproval, approvals, digest }) =>
        needsApproval && !approvals.some((one) => one.digest === digest),
    );
  if (waiting.length === 0) return null;
  return (
    <Panel title="Releases that wait for approval" className={styles['releases']} flush>
      {waiting.map((release) => (
        <Link key={release.id} to="/releases/$id" params={{ id: release.id }} className={styles['release']}>
          <b>{release.name}</b>
          <span className="mono dim truncate">{release.flagChanges.map(({ flag }) => flag).join(', ')}</span>
          <StatusBadge status={release.status} plain />
          <span className="dim">
            by {release.createdBy}, <Time at={release.createdAt} />
          </span>
        </Link>
      ))}
    </Panel>
  );
}
