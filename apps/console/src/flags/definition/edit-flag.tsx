import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useConfirm } from '../../components/confirm.js';
import { sentence } from '../../components/format.js';
import { ProblemNotice } from '../../components/problem-notice.js';
import type { Problem } from '../../graphql/describe-error.js';
import { useRead } from '../../graphql/use-read.js';
import { flagLifecycles, riskClasses } from '../../statuses.js';
import { ApprovalHint } from '../approval-hint.js';
import { type FlagDetail, flagFacetsQuery } from '../flags.query.js';
import { DependenciesInput, type DependencyDraft } from './dependencies-input.js';
import { changedPart, useSaveDefinition } from './use-save-definition.js';

interface EditFlagProps {
  flag: FlagDetail;
  opened: boolean;
  onClose: () => void;
  onSaved: () => void;
}

export function EditFlag({ flag, opened, onClose, onSaved }: EditFlagProps) {
  return (
    <Modal opened={opened} onClose={onClose} size="lg" title={<span className="mono">{flag.key}</span>}>
      {opened && <EditFlagForm flag={flag} onSaved={onSaved} />}
    </Modal>
  );
}

/** What a flag is besides its rules and variants: whose it is, what it depends on, and its end. */
function EditFlagForm({ flag: newest, onSaved }: { flag: FlagDetail; onSaved: () => void }) {
  // As it was when the form was opened: what somebody else saves meanwhile is refused, not overwritten.
  const [flag] = useState(newest);
  const confirm = useConfirm();
  const facets = useRead(flagFacetsQuery, {});
  const [description, setDescription] = useState(flag.description);
  const [owner, setOwner] = useState(flag.owner ?? '');
  const [project, setProject] = useState(flag.project);
  const [lifecycle, setLifecycle] = useState(flag.lifecycle);
  const [riskClass, setRiskClass] = useState(flag.riskClass);
  const [expires, setExpires] = useState(flag.expiresAt?.slice(0, 10) ?? '');
  const [dependencies, setDependencies] = useState<DependencyDraft[]>(() =>
    flag.dependencies.map(({ flag: key, enabled, variants }) => ({
      flag: key,
      enabled,
      variants: [...variants],
    })),
  );
  const [problem, setProblem] = useState<Problem>();
  const { save, archive, busy } = useSaveDefinition(flag, setProblem);
  // The day stands for its first moment; a time of day that a manifest gave stays as long as the day does.
  const expiresAt =
    expires === (flag.expiresAt?.slice(0, 10) ?? '')
      ? flag.expiresAt
      : expires
        ? new Date(`${expires}T00:00:00Z`).toISOString()
        : null;
  const change = changedPart(flag, {
    description,
    owner: owner.trim() || null,
    project,
    lifecycle,
    riskClass,
    expiresAt,
    dependencies: dependencies.filter(({ flag: key }) => key !== ''),
  });
  const dependencyProblem = problem?.field === 'dependencies' ? problem.message : undefined;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    if (await save(change)) onSaved();
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
    setProblem(undefined);
    if (await archive(answer.reason)) onSaved();
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        <Textarea
          size="sm"
          label="Description"
          autosize
          maxLength={1000}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
          data-autofocus
        />
        <Group grow align="start">
          <TextInput
            size="sm"
            label="Owner"
            placeholder="A team"
            maxLength={100}
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
            description="A draft is off everywhere."
            allowDeselect={false}
            data={flagLifecycles.map((one) => ({ value: one, label: sentence(one) }))}
            value={lifecycle}
            onChange={(next) => setLifecycle(flagLifecycles.find((one) => one === next) ?? lifecycle)}
          />
          <TextInput
            size="sm"
            type="date"
            label="Expires"
            description="Only reminds; nothing switches."
            value={expires}
            onChange={(event) => setExpires(event.currentTarget.value)}
          />
          <Select
            size="sm"
            label="Risk class"
            description="Financial: prices, stock."
            allowDeselect={false}
            data={riskClasses.map((one) => ({ value: one, label: sentence(one) }))}
            value={riskClass}
            onChange={(next) => setRiskClass(riskClasses.find((one) => one === next) ?? riskClass)}
          />
        </Group>
        <Stack gap={6}>
          <span>Depends on</span>
          <span className="dim">
            It is on only where these are so, too. A flag that others depend on cannot depend on others
            itself.
          </span>
          <DependenciesInput
            own={flag.key}
            value={dependencies}
            error={dependencyProblem}
            onChange={(next) => {
              setProblem(undefined);
              setDependencies(next);
            }}
          />
        </Stack>
        <ApprovalHint flag={flag} what="A change of state, project, risk class or dependencies, or its end" />
        {problem && !dependencyProblem && <ProblemNotice problem={problem} />}
        <Group justify="space-between">
          <Button size="sm" variant="default" onClick={() => void end()}>
            Archive …
          </Button>
          <Button size="sm" type="submit" disabled={Object.keys(change).length === 0} loading={busy}>
            Save flag
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
