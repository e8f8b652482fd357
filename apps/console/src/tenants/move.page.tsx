import { Skeleton, Stack } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { clustersQuery } from '../clusters/clusters.query.js';
import { TierBadge } from '../components/badges.js';
import { Page, Panel } from '../components/page.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { CliLine, ProblemState } from '../components/states.js';
import { PlannedSteps, Wizard } from '../components/wizard.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { ClusterChoice } from './cluster-choice.js';
import { MovePlan } from './move-plan.js';
import { tierOf } from './onboarding-plan.js';
import { PlacementChoice } from './placement-choice.js';
import { changePlacementMutation, placementPlanQuery } from './placement.query.js';
import { type TenantDetail, tenantQuery } from './tenant.query.js';

const route = getRouteApi('/tenants/$slug/move');

/** Where a tenant could run, what going there would mean, and the start of it. */
export function MovePage() {
  const { slug } = route.useParams();
  const { data, problem, refresh } = useRead(tenantQuery, { slug });
  const crumbs = (
    <>
      <Link to="/tenants">Tenants</Link> /{' '}
      <Link to="/tenants/$slug" params={{ slug }}>
        {slug}
      </Link>
    </>
  );
  if (problem && !data) return <ProblemState problem={problem} onRetry={refresh} />;
  return (
    <Page
      title={`Move ${data?.tenant?.name ?? slug}`}
      crumbs={crumbs}
      subtitle="It is served all the while. Writers wait for a moment at the cut-over; readers do not."
    >
      {data?.tenant ? <MoveWizard tenant={data.tenant} /> : <Skeleton height={320} radius="md" />}
    </Page>
  );
}

function MoveWizard({ tenant }: { tenant: TenantDetail }) {
  const navigate = useNavigate();
  const may = useCan('placement:write');
  const wish = route.useSearch();
  const clusters = useRead(clustersQuery, {});
  const change = useCommand(changePlacementMutation);
  const [database, setDatabase] = useState(wish.database ?? tenant.database.placement);
  const [workers, setWorkers] = useState(wish.workers ?? tenant.integrationWorkers.placement);
  const [cluster, setCluster] = useState(wish.cluster ?? tenant.database.cluster ?? undefined);
  const [refusal, setRefusal] = useState<Problem>();

  const elsewhere = cluster !== undefined && cluster !== tenant.database.cluster;
  const moves = elsewhere || database !== tenant.database.placement;
  const same = !moves && workers === tenant.integrationWorkers.placement;
  const input = {
    tenant: tenant.slug,
    database,
    integrationWorkers: workers,
    cluster: elsewhere ? cluster : null,
  };
  const { data, problem } = useRead(placementPlanQuery, { input }, { pause: same });
  const answer = same ? undefined : data?.placementPlan;
  // While another choice is being planned, the plan of the one before is still there.
  const fits =
    answer?.targetTier === tierOf(database, workers) && (!cluster || answer.targetCluster === cluster);
  const plan = fits ? answer : undefined;
  const touched =
    <Value,>(set: (value: Value) => void) =>
    (value: Value) => {
      setRefusal(undefined);
      set(value);
    };

  const start = async () => {
    const done = await change.run(input, { onProblem: setRefusal });
    if (!done) return;
    const { slug } = tenant;
    const id = done.changePlacement.operation?.id;
    if (!moves && id) void navigate({ to: '/operations/$id', params: { id } });
    else void navigate({ to: '/tenants/$slug', params: { slug }, search: { tab: 'placement' } });
  };

  return (
    <Wizard
      aside={
        <Panel title="What will happen">
          <Stack gap="sm">
            <span>
              <TierBadge
                tier={tenant.tier}
                database={tenant.database.placement}
                workers={tenant.integrationWorkers.placement}
              />{' '}
              <IconArrowRight size={14} aria-label="becomes" style={{ verticalAlign: -2 }} />{' '}
              <TierBadge tier={tierOf(database, workers)} database={database} workers={workers} />
            </span>
            {same && <span className="dim">Nothing yet: it is as it was.</span>}
            {plan && <PlannedSteps steps={plan.steps} />}
            {!same && <CliLine command={moveCommand(tenant, input, elsewhere)} />}
          </Stack>
        </Panel>
      }
      steps={[
        {
          key: 'where',
          title: 'Where to',
          ready: !same && plan !== undefined,
          content: (
            <>
              <Panel title="Cluster">
                <ClusterChoice
                  clusters={clusters.data?.databaseClusters}
                  tenant={tenant}
                  database={database}
                  value={cluster}
                  onChange={touched(setCluster)}
                />
              </Panel>
              <Panel title="Placement">
                <Stack gap="md">
                  <PlacementChoice
                    label="Database"
                    value={database}
                    shared="Pooled with others, kept apart by row-level security."
                    dedicated="Its own database and login role."
                    onChange={touched(setDatabase)}
                  />
                  <PlacementChoice
                    label="Integration workers"
                    value={workers}
                    shared="Pooled workers serve tenants in turn."
                    dedicated="Worker processes and a queue of its own."
                    onChange={touched(setWorkers)}
                  />
                </Stack>
              </Panel>
              {!same && problem && <ProblemNotice problem={problem} />}
            </>
          ),
        },
        {
          key: 'plan',
          title: 'What it means',
          content: (
            <>
              {plan && <MovePlan tenant={tenant} plan={plan} moves={moves} database={database} />}
              {!same && problem && <ProblemNotice problem={problem} />}
              {refusal && <ProblemNotice problem={refusal} />}
            </>
          ),
        },
      ]}
      finish={{
        label: moves ? 'Start the move' : 'Change the workers',
        busy: change.busy,
        ready: may && !same && plan?.blockers.length === 0,
        onFinish: () => void start(),
      }}
    />
  );
}

function moveCommand(
  tenant: TenantDetail,
  wish: { database: string; integrationWorkers: string; cluster: string | null },
  elsewhere: boolean,
): string {
  return [
    `tierdeck tenant move ${tenant.slug}`,
    ...(elsewhere ? [`--cluster ${wish.cluster}`] : []),
    ...(wish.database === tenant.database.placement ? [] : [`--database ${wish.database.toLowerCase()}`]),
    ...(wish.integrationWorkers === tenant.integrationWorkers.placement
      ? []
      : [`--workers ${wish.integrationWorkers.toLowerCase()}`]),
  ].join(' ');
}
