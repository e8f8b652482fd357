import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ProblemNotice } from '../components/problem-notice.js';
import { RadioCards } from '../components/radio-cards.js';
import { SecretOnce } from '../components/secret-once.js';
import { flagFacetsQuery } from '../flags/flags.query.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { useRead } from '../graphql/use-read.js';
import { useEnvironment, useEnvironments } from '../shell/environment.js';
import { sdkTokenKinds } from '../statuses.js';
import { TenantSelect } from '../tenants/tenant-select.js';
import { UnitSelect } from '../tenants/unit-select.js';
import { createSdkTokenMutation } from './sdk-tokens.query.js';
import { exampleOf, kindTexts } from './token-kinds.js';

interface CreateSdkTokenProps {
  opened: boolean;
  onClose: () => void;
  onCreated: () => void;
}

export function CreateSdkToken({ opened, onClose, onCreated }: CreateSdkTokenProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Create SDK token" size="lg">
      {opened && <TokenForm onClose={onClose} onCreated={onCreated} />}
    </Modal>
  );
}

/** What the token is for and how much it sees; then its secret, once. */
function TokenForm({ onClose, onCreated }: Omit<CreateSdkTokenProps, 'opened'>) {
  const [current] = useEnvironment();
  const environments = useEnvironments().map(({ name }) => name);
  const create = useCommand(createSdkTokenMutation);
  const facets = useRead(flagFacetsQuery, {});
  const [kind, setKind] = useState<(typeof sdkTokenKinds)[number]>('CLIENT');
  const [name, setName] = useState('');
  const [environment, setEnvironment] = useState(current);
  const [project, setProject] = useState<string | null>(null);
  const [tenant, setTenant] = useState<string>();
  const [branch, setBranch] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const [secret, setSecret] = useState<string>();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    const made = await create.run(
      {
        name: name.trim(),
        kind,
        environment,
        project: kind === 'RUNTIME' ? null : project,
        tenant: tenant ?? null,
        branch: branch ?? null,
      },
      { onProblem: setProblem },
    );
    if (!made) return;
    setSecret(made.createSdkToken.secret ?? undefined);
    onCreated();
  };
  if (secret) return <SecretOnce secret={secret} example={exampleOf(kind, secret)} onClose={onClose} />;
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        <TextInput
          size="sm"
          label="Name"
          description="Which service will bear it."
          placeholder="orders"
          maxLength={100}
          error={problem?.field === 'name' ? problem.message : undefined}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <RadioCards
          label="For"
          value={kind}
          options={sdkTokenKinds.map((value) => {
            const [title, text] = kindTexts[value];
            return { value, title, text };
          })}
          onChange={setKind}
        />
        <Group grow align="start">
          <Select
            size="sm"
            label="Environment"
            allowDeselect={false}
            data={environments}
            value={environment}
            onChange={(next) => setEnvironment(next ?? environment)}
          />
          {kind !== 'RUNTIME' && (
            <Select
              size="sm"
              label="Project"
              placeholder="Flags of every project"
              clearable
              data={(facets.data?.projects ?? []).map(({ key, name: title }) => ({
                value: key,
                label: title,
              }))}
              value={project}
              onChange={setProject}
            />
          )}
        </Group>
        <Group grow align="start">
          <TenantSelect
            size="sm"
            label="Tenant, if for one alone"
            value={tenant}
            onChange={(slug) => {
              setTenant(slug);
              setBranch(undefined);
            }}
          />
          {tenant && (
            <UnitSelect size="sm" tenant={tenant} kind="BRANCH" value={branch} onChange={setBranch} />
          )}
        </Group>
        {problem && problem.field !== 'name' && <ProblemNotice problem={problem} />}
        <Group justify="flex-end">
          <Button size="sm" variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button size="sm" type="submit" disabled={!name.trim()} loading={create.busy}>
            Create token
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
