import { Link } from '@tanstack/react-router';
import { type Cost, costDifference, formatCost } from '../clusters/rate-card.js';
import type { Placement } from '../components/badges.js';
import { Stat } from '../components/facts.js';
import { counted, formatDuration, formatNumber } from '../components/format.js';
import { Notice } from '../components/notice.js';
import { Panel } from '../components/page.js';
import { MovePicture } from './move-picture.js';
import styles from './placement.module.css';
import type { PlacementPlan } from './placement.query.js';
import type { TenantDetail } from './tenant.query.js';

interface MovePlanProps {
  tenant: TenantDetail;
  plan: PlacementPlan;
  /** Rows move, not the workers alone. */
  moves: boolean;
  database: Placement;
}

/** What a change of placement means, before it is made: picture, rows, time, cost, and what speaks against it. */
export function MovePlan({ tenant, plan, moves, database }: MovePlanProps) {
  const { cluster, name, placement } = tenant.database;
  return (
    <>
      {plan.blockers.map((blocker) => (
        <Notice key={blocker} tone="bad" title="It cannot be done">
          {blocker}
        </Notice>
      ))}
      {moves && (
        <Panel title="The way">
          <MovePicture
            tenant={tenant.slug}
            source={{ name: `${cluster}/${name}`, placement }}
            target={{
              name: `${plan.targetCluster}, ${database === 'DEDICATED' ? 'a new one' : 'the pool'}`,
              placement: database,
            }}
            home="source"
            flow={{ text: counted(plan.rows, 'row'), way: 'forth' }}
            sourceNote="serves it until the cut-over; then kept for the way back, then erased"
            targetNote="is filled while the tenant works"
          />
        </Panel>
      )}
      <Panel title="What it takes">
        <div className={styles['figures']}>
          <Stat label="Rows to copy" value={formatNumber(plan.rows)} />
          <Stat
            label="Copy time"
            value={plan.copySeconds === null ? 'none' : formatDuration(plan.copySeconds * 1_000)}
            detail={plan.copySeconds === null ? 'no rows move' : 'roughly'}
          />
          <CostStats plan={plan} />
        </div>
      </Panel>
      {plan.risks.map((risk) => (
        <Notice key={risk} tone="info" title="To think of">
          {risk}
        </Notice>
      ))}
      {plan.blockers.length === 0 && plan.risks.length === 0 && (
        <Notice tone="good">Nothing speaks against it.</Notice>
      )}
    </>
  );
}

function CostStats({ plan }: { plan: PlacementPlan }) {
  const now: Cost = plan.currentMonthlyCost;
  const then: Cost = plan.targetMonthlyCost;
  const unpriced = now === null ? plan.currentCluster : then === null ? plan.targetCluster : null;
  if (unpriced !== null) {
    return (
      <Stat
        label="Cost a month"
        value="—"
        detail={
          <>
            no rate card set:{' '}
            <Link to="/clusters" search={{ cluster: unpriced }}>
              set that of {unpriced}
            </Link>
          </>
        }
      />
    );
  }
  return (
    <>
      <Stat label="Cost a month, now" value={formatCost(now)} />
      <Stat label="Then" value={formatCost(then)} detail={`${costDifference(now, then) ?? ''} a month`} />
    </>
  );
}
