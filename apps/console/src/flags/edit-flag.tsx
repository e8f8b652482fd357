import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useConfirm } from '../components/confirm.js';
import { sentence } from '../components/format.js';
import { ProblemNotice } from '../components/problem-notice.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { useRead } from '../graphql/use-read.js';
import { flagLifecycles } from '../statuses.js';
import { archiveFlagMutation, type FlagDetail, flagFacetsQuery, updateFlagMutation } from './flags.query.js';

interface EditFlagProps {
  flag: FlagDetail;
  opened: boolean;
  onClose: () => void;
  onSaved: () => void;
}

export function EditFlag({ flag, opened, onClose, onSaved }: EditFlagProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={<span className="mono">{flag.key}</span>}>
      {opened && <EditFlagForm flag={flag} onSaved={onSaved} />}
    </Modal>
  );
}

/** What can be changed of a flag without changing what it decides, and its end. */
function EditFlagForm({ flag, onSaved }: { flag: FlagDetail; onSaved: () => void }) {
  const confirm = useConfirm();
  const update = useCommand(updateFlagMutation);
  const archive = useCommand(archiveFlagMutation);
  const facets = useRead(flagFacetsQuery, {});
  const [description, setDescription] = useState(flag.description);
  const [owner, setOwner] = useState(flag.owner ?? '');
  const [project, setProject] = useState(flag.project);
  const [lifecycle, setLifecycle] = useState(flag.lifecycle);
  const [expires, setExpires] = useState(flag.expiresAt?.slice(0, 10) ?? '');
  const [problem, setProblem] = useState<Problem>();

  const save = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    const saved = await update.run(
      {
        key: flag.key,
        expectedVersion: flag.version,
        description,
        owner: owner.trim() || null,
        project,
        lifecycle,
        expiresAt: expires ? new Date(`${expires}T00:00:00Z`).toISOString() : null,
      },
      { done: `${flag.key} saved`, onProblem: setProblem },
    );
    if (saved) onSaved();
  };
  const end = async () => {
    const answer = await confirm({
      title: `Archive ${flag.key}?`,
      body: 'It decides nothing any more, in every environment: SDKs use the default of their code. Its key is not given out again.',
      action: 'Archive flag',
      danger: true,
      askReason: true,
      expect: flag.key,
    });
    if (!answer) return;
    const gone = await archive.run(
      { flag: flag.key, reason: answer.reason ?? null },
      { done: `${flag.key} is archived`, onProblem: setProblem },
    );
    if (gone) onSaved();
  };

  return (
    <form onSubmit={(event) => void save(event)}>
      <Stack gap="md">
        <Textarea
          size="sm"
          label="Description"
          autosize
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
          data-autofocus
        />
        <Group grow align="start">
          <TextInput
            size="sm"
            label="Owner"
            placeholder="A team"
            value={owner}
            onChange={(event) => setOwner(event.currentTarget.value)}
          />
          <Select
            size="sm"
            label="Project"
            allowDeselect={false}
            data={(facets.data?.projects ?? []).map(({ key, name }) => ({ value: key, label: name }))}
            value={project}
            onChange={(next) => setProject(next ?? project)}
          />
        </Group>
        <Group grow align="start">
          <Select
            size="sm"
            label="State"
            allowDeselect={false}
            data={flagLifecycles.map((one) => ({ value: one, label: sentence(one) }))}
            value={lifecycle}
            onChange={(next) => setLifecycle(flagLifecycles.find((one) => one === next) ?? lifecycle)}
          />
          <TextInput
            size="sm"
            type="date"
            label="Expires"
            value={expires}
            onChange={(event) => setExpires(event.currentTarget.value)}
          />
        </Group>
        <span className="dim">
          A draft is off everywhere. Nothing switches by the expiry: it only reminds.
        </span>
        {problem && <ProblemNotice problem={problem} />}
        <Group justify="space-between">
          <Button size="sm" variant="default" onClick={() => void end()}>
            Archive …
          </Button>
          <Button size="sm" type="submit" loading={update.busy}>
            Save flag
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
