import { Code, NumberInput, Skeleton, Stack, TextInput } from '@mantine/core';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { auditTailSubscription } from '../audit/audit.query.js';
import { formatDuration, formatUtc } from '../components/format.js';
import { Notice } from '../components/notice.js';
import { Page, Panel } from '../components/page.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { CliLine, ProblemState } from '../components/states.js';
import { PlannedSteps, Wizard } from '../components/wizard.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { LegalHolds } from './legal-holds.js';
import { lifecycleQuery, offboardingPlanQuery, offboardTenantMutation } from './lifecycle.query.js';
import { NewestArchive } from './newest-archive.js';
import { OffboardingInventory } from './offboarding-inventory.js';

const route = getRouteApi('/tenants/$slug/offboard');
const hourMs = 3_600_000;

/** Step by step to the end of a tenant: what goes, what it takes with it, what keeps it, and for how long. */
export function OffboardPage() {
  const { slug } = route.useParams();
  const navigate = useNavigate();
  const may = useCan('tenants:write');
  const plan = useRead(offboardingPlanQuery, { tenant: slug });
  const life = useRead(lifecycleQuery, { slug });
  const offboard = useCommand(offboardTenantMutation);
  const [hours, setHours] = useState<number>();
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const again = useThrottled(() => {
    plan.refresh();
    life.refresh();
  }, 600);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.tenant === slug) again();
  });

  const crumbs = (
    <>
      <Link to="/tenants">Tenants</Link> /{' '}
      <Link to="/tenants/$slug" params={{ slug }}>
        {slug}
      </Link>
    </>
  );
  const refusal = plan.problem ?? life.problem;
  if (refusal && !plan.data) return <ProblemState problem={refusal} onRetry={plan.refresh} />;
  const what = plan.data?.offboardingPlan;
  if (!what) {
    return (
      <Page title={`Offboard ${slug}`} crumbs={crumbs}>
        <Skeleton height={320} radius="md" />
      </Page>
    );
  }
  const kept = hours ?? what.retentionHours;
  const free = what.blockers.length === 0;
  const eraseAt = new Date(Date.now() + kept * hourMs).toISOString();

  const start = async () => {
    const done = await offboard.run(
      { tenant: slug, confirm: typed.trim(), reason: reason.trim(), retentionHours: kept },
      { onProblem: setProblem },
    );
    if (done) void navigate({ to: '/tenants/$slug', params: { slug }, search: { tab: 'lifecycle' } });
  };

  return (
    <Page
      title={`Offboard ${slug}`}
      crumbs={crumbs}
      subtitle="It is served no more at once. Its data stays for the retention time; then it is erased, and that is proven."
    >
      <Wizard
        aside={
          <Panel title="What will happen">
            <Stack gap="sm">
              <PlannedSteps
                steps={[
                  'Requests are refused, and no process serves it any more',
                  'A last archive of every row is taken',
                  kept > 0
                    ? `Everything is kept for ${formatDuration(kept * hourMs)}; until then it can be brought back whole`
                    : 'Nothing is kept: it is erased at once',
                  what.databaseDropped
                    ? 'Its database and login role are dropped'
                    : 'Its rows are deleted from the pooled database, in batches',
                  'Tables, roles, slots, snapshots and queues are searched for anything left',
                  'Its key is destroyed, its tokens are revoked, and the receipt is written',
                ]}
              />
              <span className="dim">Its slug is never given to another tenant.</span>
              <CliLine
                command={`tierdeck tenant offboard ${slug} --reason '${reason || '…'}' --retention ${kept}`}
              />
            </Stack>
          </Panel>
        }
        steps={[
          {
            key: 'what',
            title: 'What goes',
            content: <OffboardingInventory plan={what} />,
          },
          {
            key: 'export',
            title: 'Take it along',
            content: <NewestArchive slug={slug} />,
          },
          {
            key: 'holds',
            title: 'What keeps it',
            ready: free,
            content: (
              <>
                {what.blockers.map((blocker) => (
                  <Notice key={blocker} tone="warn">
                    {blocker}
                  </Notice>
                ))}
                {free && <Notice tone="good">Nothing stands in the way.</Notice>}
                <LegalHolds slug={slug} holds={life.data?.tenant?.legalHolds ?? []} onChanged={again} />
              </>
            ),
          },
          {
            key: 'confirm',
            title: 'Until when',
            content: (
              <Panel title="Until when, and why">
                <Stack gap="md">
                  <NumberInput
                    size="sm"
                    label="Hours that it can be brought back"
                    description={
                      kept > 0
                        ? `Erased after ${formatUtc(eraseAt)}.`
                        : 'It is erased at once. There is no way back.'
                    }
                    min={0}
                    max={87_600}
                    value={kept}
                    onChange={(value) => setHours(value === '' ? undefined : Number(value))}
                  />
                  <TextInput
                    size="sm"
                    label="Reason"
                    description="Kept in the audit log."
                    withAsterisk
                    value={reason}
                    onChange={(event) => setReason(event.currentTarget.value)}
                  />
                  <TextInput
                    size="sm"
                    label={
                      <>
                        Type <Code>{slug}</Code> to go on
                      </>
                    }
                    aria-label={`Type ${slug} to go on`}
                    autoComplete="off"
                    value={typed}
                    onChange={(event) => setTyped(event.currentTarget.value)}
                  />
                  {problem && <ProblemNotice problem={problem} />}
                </Stack>
              </Panel>
            ),
          },
        ]}
        finish={{
          label: `Offboard ${slug}`,
          danger: true,
          busy: offboard.busy,
          ready: may && free && reason.trim() !== '' && typed.trim() === slug,
          onFinish: () => void start(),
        }}
      />
    </Page>
  );
}
