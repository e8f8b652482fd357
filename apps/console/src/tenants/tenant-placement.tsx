import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { Panel } from '../components/page.js';
import { ProblemState } from '../components/states.js';
import { useRead } from '../graphql/use-read.js';
import { CurrentMove } from './current-move.js';
import { WorkerProcesses } from '../runtime/worker-processes.js';
import { MoveTable } from './move-table.js';
import { PlacementComparison } from './placement-comparison.js';
import { PlacementPicture } from './placement-picture.js';
import { movesQuery } from './placement.query.js';
import type { TenantDetail } from './tenant.query.js';
import styles from './placement.module.css';

const refreshMilliseconds = 1_000;

/** Where a tenant runs, what the other tiers would cost and risk, and the move between them as it goes on. */
export function TenantPlacement({ tenant, onChanged }: { tenant: TenantDetail; onChanged: () => void }) {
  const { data, problem, refresh } = useRead(movesQuery, { slug: tenant.slug });
  const navigate = useNavigate();
  const moves = data?.tenant?.moves ?? [];
  const current = moves.find(({ finishedAt }) => finishedAt === null);
  const moving = current !== undefined;
  useEffect(() => {
    if (!moving) return;
    // Rows and lag change all the time; no event tells of them.
    const timer = setInterval(refresh, refreshMilliseconds);
    return () => clearInterval(timer);
  }, [moving, refresh]);
  useEffect(onChanged, [moving]);
  return (
    <div className={styles['placement']}>
      {problem && !data && <ProblemState problem={problem} onRetry={refresh} />}
      {current && <CurrentMove tenant={tenant.slug} move={current} onChanged={refresh} />}
      <Panel title="Where it runs">
        <PlacementPicture tenant={tenant} />
      </Panel>
      {tenant.integrationWorkers.placement === 'DEDICATED' && <WorkerProcesses tenant={tenant.slug} />}
      <PlacementComparison
        tenant={tenant}
        moving={moving}
        onChoose={(search) =>
          void navigate({ to: '/tenants/$slug/move', params: { slug: tenant.slug }, search })
        }
      />
      {moves.some(({ finishedAt }) => finishedAt !== null) && (
        <Panel title="Moves so far" flush>
          <MoveTable moves={moves.filter(({ finishedAt }) => finishedAt !== null)} />
        </Panel>
      )}
    </div>
  );
}
