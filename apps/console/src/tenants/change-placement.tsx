import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { TierBadge } from '../components/badges.js';
import { formatDuration, formatNumber } from '../components/format.js';
import { Notice } from '../components/notice.js';
import { ProblemNotice } from '../components/problem-notice.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { useRead } from '../graphql/use-read.js';
import { PlannedSteps } from '../components/wizard.js';
import { tierOf } from './onboarding-plan.js';
import { PlacementChoice } from './placement-choice.js';
import type { Placements } from './placement-comparison.js';
import { placementPlanQuery } from './placement.query.js';
import { changePlacementMutation, type TenantDetail } from './tenant.query.js';

interface ChangePlacementProps {
  tenant: TenantDetail;
  /** What is chosen when it opens; default is what it has. */
  wanted?: Placements | undefined;
  opened: boolean;
  onClose: () => void;
}

export function ChangePlacement({ tenant, wanted, opened, onClose }: ChangePlacementProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Change placement of ${tenant.name}`} size="lg">
      {opened && <PlacementForm tenant={tenant} wanted={wanted} onClose={onClose} />}
    </Modal>
  );
}

/** Choose, see what would be done, then start it as an operation. */
function PlacementForm({ tenant, wanted, onClose }: Omit<ChangePlacementProps, 'opened'>) {
  const navigate = useNavigate();
  const change = useCommand(changePlacementMutation);
  const [database, setDatabase] = useState(wanted?.database ?? tenant.database.placement);
  const [workers, setWorkers] = useState(wanted?.workers ?? tenant.integrationWorkers.placement);
  const [refusal, setRefusal] = useState<Problem>();
  const same = database === tenant.database.placement && workers === tenant.integrationWorkers.placement;
  const input = { tenant: tenant.slug, database, integrationWorkers: workers };
  const plan = useRead(placementPlanQuery, { input }, { pause: same });
  const blockers = (!same && plan.data?.placementPlan.blockers) || [];
  const copySeconds = plan.data?.placementPlan.copySeconds;
  const problem = refusal ?? (same ? undefined : plan.problem);

  const start = async () => {
    const done = await change.run(input, { onProblem: setRefusal });
    if (!done) return;
    onClose();
    const id = done.changePlacement.operation?.id;
    if (id) void navigate({ to: '/operations/$id', params: { id } });
  };

  return (
    <Stack gap="md">
      <PlacementChoice
        label="Database"
        value={database}
        shared="Pooled with others, kept apart by row-level security."
        dedicated="Its own database and login role."
        onChange={(value) => {
          setDatabase(value);
          setRefusal(undefined);
        }}
      />
      <PlacementChoice
        label="Integration workers"
        value={workers}
        shared="Pooled workers serve tenants in turn."
        dedicated="Worker processes and a queue of its own."
        onChange={(value) => {
          setWorkers(value);
          setRefusal(undefined);
        }}
      />
      <Group gap="xs">
        <TierBadge
          tier={tenant.tier}
          database={tenant.database.placement}
          workers={tenant.integrationWorkers.placement}
        />
        <IconArrowRight size={15} aria-label="becomes" />
        <TierBadge tier={tierOf(database, workers)} database={database} workers={workers} />
      </Group>
      {!same && plan.data && !problem && <PlannedSteps steps={plan.data.placementPlan.steps} />}
      {blockers.map((blocker) => (
        <Notice key={blocker} tone="warn">
          {blocker}
        </Notice>
      ))}
      {!same && copySeconds !== null && copySeconds !== undefined && (
        <Text size="sm" c="dimmed">
          Copies {formatNumber(plan.data?.placementPlan.rows ?? 0)} rows, about{' '}
          {formatDuration(copySeconds * 1_000)}.
        </Text>
      )}
      {!same &&
        plan.data?.placementPlan.risks.map((risk) => (
          <Notice key={risk} tone="info">
            {risk}
          </Notice>
        ))}
      {problem && <ProblemNotice problem={problem} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" size="sm" onClick={onClose}>
          Cancel
        </Button>
        <Button
          size="sm"
          disabled={same || problem !== undefined || blockers.length > 0}
          loading={change.busy}
          onClick={() => void start()}
        >
          Change placement
        </Button>
      </Group>
    </Stack>
  );
}
