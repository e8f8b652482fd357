import { Button, Group, TagsInput, Textarea, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Page, Panel } from '../components/page.js';
import { ProblemNotice } from '../components/problem-notice.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { Fields, wide, WizardLayout } from '../components/wizard.js';
import { useCan } from '../session/session.js';
import { emptyFlagChange, type FlagChangeDraft, FlagChanges, toReleaseChanges } from './flag-changes.js';
import styles from './new-release.module.css';
import { PlanPreview } from './plan-preview.js';
import { createReleaseMutation } from './releases.query.js';
import { emptyWave, type WaveDraft, toWaveInput } from './wave-draft.js';
import { WaveForm } from './wave-form.js';

/** The wizard: what changes, through which waves, and whom each wave would reach. */
export function NewReleasePage() {
  const navigate = useNavigate();
  const may = useCan('releases:write');
  const create = useCommand(createReleaseMutation);
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [artifact, setArtifact] = useState('');
  const [changes, setChanges] = useState<FlagChangeDraft[]>([emptyFlagChange]);
  const [migrations, setMigrations] = useState<string[]>([]);
  const [waves, setWaves] = useState<WaveDraft[]>([emptyWave('canary')]);
  const [problem, setProblem] = useState<Problem>();

  const artifactError =
    artifact && !/^sha256:[0-9a-f]{64}$/.test(artifact) ? 'sha256: and 64 hexadecimal digits' : undefined;
  const changesSomething = toReleaseChanges(changes).length > 0 || migrations.length > 0;
  const ready = name.trim() && artifact && !artifactError && changesSomething && waves.length > 0;
  const input = waves.map(toWaveInput);

  const submit = async () => {
    setProblem(undefined);
    const made = await create.run(
      {
        name: name.trim(),
        description: description.trim() || null,
        artifactDigest: artifact,
        flagChanges: toReleaseChanges(changes),
        migrations,
        waves: input,
      },
      { done: ({ createRelease }) => `${createRelease.release.name} is planned`, onProblem: setProblem },
    );
    if (made) void navigate({ to: '/releases/$id', params: { id: made.createRelease.release.id } });
  };

  return (
    <Page
      title="Plan a release"
      crumbs={<Link to="/releases">Releases</Link>}
      subtitle="Nothing reaches a tenant before it is promoted, approved where needed, and started."
    >
      <WizardLayout
        onSubmit={() => void submit()}
        aside={
          <Panel title="Whom it would reach">
            <PlanPreview waves={input} />
          </Panel>
        }
      >
        <Panel title="What changes">
          <Fields>
            <TextInput
              label="Name"
              placeholder="2026.11 waterfall pricing"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              autoFocus
            />
            <TextInput
              label="Artifact digest"
              placeholder="sha256:…"
              classNames={{ input: 'mono' }}
              value={artifact}
              error={artifactError}
              onChange={(event) => setArtifact(event.currentTarget.value.trim())}
            />
            <Textarea
              className={wide}
              label="Description"
              autosize
              value={description}
              onChange={(event) => setDescription(event.currentTarget.value)}
            />
            <div className={wide}>
              <div className={styles['changesLabel']}>Flags</div>
              <FlagChanges drafts={changes} onChange={setChanges} />
            </div>
            <TagsInput
              className={wide}
              label="Tenant migrations"
              placeholder="0002_promised_date"
              value={migrations}
              onChange={setMigrations}
            />
          </Fields>
        </Panel>
        {waves.map((wave, index) => (
          <WaveForm
            key={wave.id}
            position={index + 1}
            wave={wave}
            onChange={(next) => setWaves(waves.map((one) => (one.id === wave.id ? next : one)))}
            {...(waves.length > 1
              ? { onRemove: () => setWaves(waves.filter((one) => one.id !== wave.id)) }
              : {})}
          />
        ))}
        <Group justify="space-between">
          <Button
            variant="default"
            leftSection={<IconPlus size={14} />}
            onClick={() => setWaves([...waves, emptyWave(`wave-${waves.length + 1}`)])}
          >
            Add wave
          </Button>
          <Button type="submit" disabled={!ready || !may} loading={create.busy}>
            Create release
          </Button>
        </Group>
        {problem && <ProblemNotice problem={problem} />}
      </WizardLayout>
    </Page>
  );
}
