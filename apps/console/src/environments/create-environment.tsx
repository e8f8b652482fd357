import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Notice } from '../components/notice.js';
import { ProblemNotice } from '../components/problem-notice.js';
import type { Problem } from '../graphql/describe-error.js';
import { graphql, type ResultOf } from '../graphql/graphql.js';
import { useCommand } from '../graphql/use-command.js';
import { counted } from '../components/format.js';

const createEnvironmentMutation = graphql(`
  mutation CreateEnvironment($input: CreateEnvironmentInput!) {
    createEnvironment(input: $input) {
      name
      copied
      withheld
    }
  }
`);

type Made = ResultOf<typeof createEnvironmentMutation>['createEnvironment'];

interface CreateEnvironmentProps {
  opened: boolean;
  environments: readonly string[];
  onClose: () => void;
}

export function CreateEnvironment({ opened, environments, onClose }: CreateEnvironmentProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Create environment">
      {opened && <CreateEnvironmentForm environments={environments} />}
    </Modal>
  );
}

function CreateEnvironmentForm({ environments }: { environments: readonly string[] }) {
  const create = useCommand(createEnvironmentMutation);
  const [name, setName] = useState('');
  const [kind, setKind] = useState('STAGING');
  const [cloneOf, setCloneOf] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem>();
  const [made, setMade] = useState<Made>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    const answer = await create.run({ name, kind, cloneOf }, { onProblem: setProblem });
    setMade(answer?.createEnvironment);
  };
  if (made) {
    return (
      <Stack gap="md">
        <Notice tone="good" title={`${made.name} is there`}>
          {made.copied > 0
            ? `The state of ${counted(made.copied, 'flag')} was copied.`
            : 'No flag has a rule in it yet.'}
        </Notice>
        {made.withheld.length > 0 && (
          <Notice tone="warn" title="Off there, since they need an approval">
            <span className="mono">{made.withheld.join(', ')}</span>
          </Notice>
        )}
        <Group justify="flex-end">
          {/* The list of environments is read once a session, so the console starts anew. */}
          <Button size="sm" onClick={() => window.location.assign(`/flags?env=${made.name}`)}>
            Go to {made.name}
          </Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        <TextInput
          size="sm"
          label="Name"
          placeholder="qa"
          value={name}
          onChange={(event) => setName(event.currentTarget.value.trim())}
          data-autofocus
        />
        <Select
          size="sm"
          label="Kind"
          allowDeselect={false}
          data={[
            { value: 'STAGING', label: 'Staging: for trying out' },
            { value: 'PRODUCTION', label: 'Production: people work with it' },
          ]}
          value={kind}
          onChange={(next) => setKind(next ?? 'STAGING')}
        />
        <Select
          size="sm"
          label="Rules"
          placeholder="None, every flag at its default"
          clearable
          data={environments.map((one) => ({ value: one, label: `Copy of ${one}` }))}
          value={cloneOf}
          onChange={setCloneOf}
        />
        {problem && <ProblemNotice problem={problem} />}
        <Group justify="flex-end">
          <Button size="sm" type="submit" disabled={!name} loading={create.busy}>
            Create environment
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
