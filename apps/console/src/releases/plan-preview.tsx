import { Skeleton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Notice } from '../components/notice.js';
import { useRead } from '../graphql/use-read.js';
import styles from './new-release.module.css';
import { planReleaseQuery } from './releases.query.js';
import type { WaveInput } from './wave-draft.js';

/** Whom each wave would reach, whom none would, and what looks wrong. Asks the control plane's planner. */
export function PlanPreview({ waves }: { waves: WaveInput[] }) {
  const [settled] = useDebouncedValue(JSON.stringify(waves), 250);
  const { data, problem, loading } = useRead(planReleaseQuery, {
    input: { waves: JSON.parse(settled) as WaveInput[] },
  });
  if (problem) return <div className="dim">{problem.message}</div>;
  if (loading || !data) return <Skeleton height={120} radius="sm" />;
  const plan = data.planRelease;
  return (
    <div className={styles['plan']} aria-live="polite">
      {plan.waves.map((wave) => (
        <div key={wave.position} className={styles['planned']}>
          <div className={styles['plannedHead']}>
            <b>{wave.name}</b>
            <span className="num dim">{wave.tenants.length}</span>
          </div>
          <Slugs slugs={wave.tenants} none="nobody" />
        </div>
      ))}
      {plan.unmatched.length > 0 && (
        <div className={styles['planned']}>
          <div className={styles['plannedHead']}>
            <span className="dim">Not reached</span>
            <span className="num dim">{plan.unmatched.length}</span>
          </div>
          <Slugs slugs={plan.unmatched} none="" />
        </div>
      )}
      {plan.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          {warning}
        </Notice>
      ))}
    </div>
  );
}

const shown = 40;

function Slugs({ slugs, none }: { slugs: readonly string[]; none: string }) {
  if (slugs.length === 0) return <span className="faint">{none}</span>;
  return (
    <div className={`mono ${styles['slugs']}`}>
      {slugs.slice(0, shown).join(', ')}
      {slugs.length > shown && ` and ${slugs.length - shown} more`}
    </div>
  );
}
