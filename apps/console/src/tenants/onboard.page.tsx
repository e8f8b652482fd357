import { Button, Group, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useDebouncedValue } from '@mantine/hooks';
import { TierBadge } from '../components/badges.js';
import { Page, Panel } from '../components/page.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { CliLine } from '../components/states.js';
import { Fields, PlannedSteps, wide, WizardLayout } from '../components/wizard.js';
import type { Problem } from '../graphql/describe-error.js';
import { graphql } from '../graphql/graphql.js';
import { useCommand } from '../graphql/use-command.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import {
  emptyWish,
  labelsOf,
  onboardCommand,
  type OnboardingWish,
  plannedSteps,
  slugOf,
  slugProblem,
  tierOf,
} from './onboarding-plan.js';
import { PlacementChoice } from './placement-choice.js';

const plansQuery = graphql(`
  query Plans {
    plans {
      name
      description
      weight
    }
  }
`);

const slugTakenQuery = graphql(`
  query SlugTaken($slug: String!) {
    tenant(slug: $slug) {
      id
      name
    }
  }
`);

const onboardTenantMutation = graphql(`
  mutation OnboardTenant($input: OnboardTenantInput!) {
    onboardTenant(input: $input) {
      operation {
        id
      }
    }
  }
`);

/** From a form to a running operation; the operation's page shows its steps live and survives a reload. */
export function OnboardPage() {
  const navigate = useNavigate();
  const may = useCan('tenants:write');
  const onboard = useCommand(onboardTenantMutation);
  const plans = useRead(plansQuery, {});
  const [wish, setWish] = useState<OnboardingWish>(emptyWish);
  const [slugTouched, setSlugTouched] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const set = (change: Partial<OnboardingWish>) => {
    setProblem(undefined);
    setWish({ ...wish, ...change });
  };

  const malformed = slugProblem(wish.slug);
  const [settledSlug] = useDebouncedValue(wish.slug, 200);
  const taken = useRead(
    slugTakenQuery,
    { slug: settledSlug },
    { pause: !settledSlug || malformed !== undefined },
  );
  const holder = settledSlug === wish.slug ? taken.data?.tenant : undefined;
  const slugError = malformed ?? (holder ? `${holder.name} has this slug already` : undefined);
  const ready = wish.slug && wish.name.trim() && !slugError;

  const submit = async () => {
    const { labels, region, kit, ...rest } = wish;
    const made = await onboard.run(
      { ...rest, name: wish.name.trim(), region: region || null, labels: labelsOf(labels), kit },
      { onProblem: setProblem },
    );
    if (made) void navigate({ to: '/operations/$id', params: { id: made.onboardTenant.operation.id } });
  };

  return (
    <Page title="Onboard tenant" crumbs={<Link to="/tenants">Tenants</Link>}>
      <WizardLayout
        onSubmit={() => void submit()}
        aside={
          <Panel title="What will happen">
            <Stack gap="sm">
              <Group gap="xs">
                <span className="dim">Isolation tier</span>
                <TierBadge
                  tier={tierOf(wish.database, wish.integrationWorkers)}
                  database={wish.database}
                  workers={wish.integrationWorkers}
                />
              </Group>
              <PlannedSteps
                steps={plannedSteps(wish).map(({ text, name }) => (
                  <>
                    {text} {name && <code>{name}</code>}
                  </>
                ))}
              />
              <span className="dim">
                Each step can be retried. If the process dies, the next one goes on where it was left.
              </span>
              <Button type="submit" size="sm" disabled={!ready || !may} loading={onboard.busy}>
                Onboard {wish.name.trim() || 'tenant'}
              </Button>
              <CliLine command={onboardCommand(wish)} />
            </Stack>
          </Panel>
        }
      >
        <Panel title="Who">
          <Fields>
            <TextInput
              label="Name"
              placeholder="Acme Supply"
              value={wish.name}
              onChange={(event) => {
                const name = event.currentTarget.value;
                set({ name, ...(slugTouched ? {} : { slug: slugOf(name) }) });
              }}
              autoFocus
            />
            <TextInput
              label="Slug"
              description="In addresses, tokens and flag scopes; it never changes."
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              placeholder="acme-supply"
              classNames={{ input: 'mono' }}
              value={wish.slug}
              error={slugError}
              onChange={(event) => {
                setSlugTouched(true);
                set({ slug: event.currentTarget.value });
              }}
            />
            <Select
              label="Plan"
              description="Default quotas and share of capacity."
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              allowDeselect={false}
              data={plans.data?.plans.map(({ name }) => name) ?? ['standard']}
              value={wish.plan}
              onChange={(plan) => set({ plan: plan ?? 'standard' })}
            />
            <TextInput
              label="Region"
              placeholder="eu"
              value={wish.region}
              onChange={(event) => set({ region: event.currentTarget.value.trim() })}
            />
            <TagsInput
              className={wide}
              label="Labels"
              description="Release waves select tenants by them. key=value, Enter after each."
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              placeholder="wave=canary"
              value={wish.labels}
              onChange={(labels) => set({ labels: labels.filter((label) => /^[^=]+=[^=]+$/.test(label)) })}
            />
            <TextInput
              label="Data kit"
              description="A folder of tenants/kits with initial data; empty for none."
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              placeholder="northwind"
              value={wish.kit ?? ''}
              onChange={(event) => set({ kit: event.currentTarget.value.trim() || null })}
            />
          </Fields>
        </Panel>
        <Panel title="Where it runs">
          <Stack gap="md">
            <PlacementChoice
              label="Database"
              value={wish.database}
              shared="Pooled with others, kept apart by row-level security."
              dedicated="Its own database and login role."
              onChange={(database) => set({ database })}
            />
            <PlacementChoice
              label="Integration workers"
              value={wish.integrationWorkers}
              shared="Pooled workers serve tenants in turn."
              dedicated="Worker processes and a queue of its own."
              onChange={(integrationWorkers) => set({ integrationWorkers })}
            />
          </Stack>
        </Panel>
        {problem && <ProblemNotice problem={problem} />}
      </WizardLayout>
    </Page>
  );
}
