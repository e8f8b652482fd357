import { Button, Loader } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type Cost, costDifference, formatCost } from '../clusters/rate-card.js';
import { TierBadge } from '../components/badges.js';
import { counted, formatDuration } from '../components/format.js';
import { Panel } from '../components/page.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { tierOf } from './onboarding-plan.js';
import { type PlacementPlan, placementPlanQuery } from './placement.query.js';
import type { TenantDetail } from './tenant.query.js';
import styles from './placement.module.css';

type Placement = TenantDetail['database']['placement'];
export interface Placements {
  database: Placement;
  workers: Placement;
}

const choices: Placements[] = [
  { database: 'SHARED', workers: 'SHARED' },
  { database: 'SHARED', workers: 'DEDICATED' },
  { database: 'DEDICATED', workers: 'SHARED' },
  { database: 'DEDICATED', workers: 'DEDICATED' },
];

interface PlacementComparisonProps {
  tenant: TenantDetail;
  moving: boolean;
  onChoose: (wanted: Placements) => void;
}

/** The four placements side by side, each as the control plane plans it for this tenant. */
export function PlacementComparison({ tenant, moving, onChoose }: PlacementComparisonProps) {
  return (
    <Panel title="Compare">
      <div className={styles['choices']}>
        {choices.map((choice) => (
          <Choice
            key={`${choice.database} ${choice.workers}`}
            tenant={tenant}
            choice={choice}
            moving={moving}
            onChoose={() => onChoose(choice)}
          />
        ))}
      </div>
    </Panel>
  );
}

interface ChoiceProps {
  tenant: TenantDetail;
  choice: Placements;
  moving: boolean;
  onChoose: () => void;
}

function Choice({ tenant, choice: { database, workers }, moving, onChoose }: ChoiceProps) {
  const may = useCan('placement:write');
  const now = database === tenant.database.placement && workers === tenant.integrationWorkers.placement;
  const input = { tenant: tenant.slug, database, integrationWorkers: workers };
  const { data, problem } = useRead(placementPlanQuery, { input });
  const plan = data?.placementPlan;
  return (
    <section className={styles['choice']} data-now={now}>
      <TierBadge tier={tierOf(database, workers)} database={database} workers={workers} />
      <div>
        {database === 'DEDICATED' ? 'Own database' : 'Pooled database'},{' '}
        {workers === 'DEDICATED' ? 'own workers' : 'pooled workers'}
      </div>
      {problem && <div className={styles['blocker']}>{problem.message}</div>}
      {!plan && !problem && <Loader size="xs" type="dots" />}
      {plan && (
        <>
          <MonthlyCost plan={plan} now={now} />
          {!now && plan.rows > 0 && (
            <div className="dim num">
              copies {counted(plan.rows, 'row')}
              {plan.copySeconds !== null && `, about ${formatDuration(plan.copySeconds * 1_000)}`}
            </div>
          )}
          {!now && (
            <ul className={styles['risks']}>
              {plan.blockers.map((blocker) => (
                <li key={blocker} className={styles['blocker']}>
                  {blocker}
                </li>
              ))}
              {plan.risks.map((risk) => (
                <li key={risk}>{risk}</li>
              ))}
            </ul>
          )}
        </>
      )}
      <div className={styles['choose']}>
        {now ? (
          <b>As it is now</b>
        ) : (
          <Button
            variant="default"
            disabled={!may || moving || !plan || plan.blockers.length > 0}
            onClick={onChoose}
          >
            Change to this
          </Button>
        )}
      </div>
    </section>
  );
}

function MonthlyCost({ plan, now }: { plan: PlacementPlan; now: boolean }) {
  const cost: Cost = plan.targetMonthlyCost;
  const difference = now ? undefined : costDifference(plan.currentMonthlyCost, cost);
  if (cost === null) {
    return (
      <div className="dim">
        No rate card set.{' '}
        {plan.targetCluster && (
          <Link to="/clusters" search={{ cluster: plan.targetCluster }}>
            Set it
          </Link>
        )}
      </div>
    );
  }
  return (
    <div className={styles['cost']}>
      <b className="num">{formatCost(cost)}</b> a month
      {difference && <span className="dim num"> ({difference})</span>}
    </div>
  );
}
