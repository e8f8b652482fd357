import { Button, Code, Group, Modal, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { counted, formatUtc } from '../components/format.js';
import { Notice } from '../components/notice.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { type RadioCard, RadioCards } from '../components/radio-cards.js';
import type { Problem } from '../graphql/describe-error.js';
import type { Enum } from '../graphql/graphql.js';
import { useCommand } from '../graphql/use-command.js';
import { type Backup, restoreTenantMutation } from './backups.query.js';
import { slugProblem } from './onboarding-plan.js';

type RestoreMode = Enum<'RestoreMode'>;

const modes: RadioCard<RestoreMode>[] = [
  {
    value: 'SIDE_BY_SIDE',
    title: 'Side by side',
    text: 'Into a database beside the tenant, to look at; it is dropped after a while. Nothing of the tenant changes.',
  },
  {
    value: 'NEW_TENANT',
    title: 'New tenant',
    text: 'Into a tenant of its own, with the rows of this archive.',
  },
  {
    value: 'IN_PLACE',
    title: 'In place',
    text: 'The tenant goes back to this state. What it has now is archived first, so this can be undone.',
  },
];

interface RestoreDialogProps {
  slug: string;
  backup: Backup;
  onClose: () => void;
  onStarted: (operation: string) => void;
}

/** Where an archive is restored to; in place it wants the tenant's slug typed. */
export function RestoreDialog({ slug, backup, onClose, onStarted }: RestoreDialogProps) {
  const restore = useCommand(restoreTenantMutation);
  const [mode, setMode] = useState<RestoreMode>('SIDE_BY_SIDE');
  const [hours, setHours] = useState(24);
  const [newSlug, setNewSlug] = useState('');
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const ready =
    mode === 'SIDE_BY_SIDE' ||
    (mode === 'IN_PLACE' ? typed === slug : newSlug !== '' && !slugProblem(newSlug));
  const start = async () => {
    const input = {
      tenant: slug,
      backup: backup.id,
      mode,
      ...(mode === 'NEW_TENANT' ? { newSlug } : {}),
      ...(mode === 'SIDE_BY_SIDE' ? { hours } : {}),
      ...(mode === 'IN_PLACE' ? { confirm: typed } : {}),
    };
    const done = await restore.run(input, { onProblem: setProblem });
    if (done) onStarted(done.restoreTenant.operation.id);
  };
  return (
    <Modal opened onClose={onClose} title="Restore an archive" size="lg">
      <Stack gap="md">
        <Text size="sm">
          The state of {formatUtc(backup.snapshotAt ?? backup.startedAt)}
          {backup.rows !== null && `, ${counted(backup.rows, 'row')}`}.
        </Text>
        <RadioCards<RestoreMode>
          label="Where to"
          hideLabel
          value={mode}
          options={modes}
          onChange={(next) => {
            setMode(next);
            setProblem(undefined);
          }}
        />
        {mode === 'SIDE_BY_SIDE' && (
          <NumberInput
            size="sm"
            label="Hours until it is dropped"
            min={1}
            max={168}
            value={hours}
            onChange={(value) => setHours(Number(value))}
          />
        )}
        {mode === 'NEW_TENANT' && (
          <TextInput
            size="sm"
            label="Slug of the new tenant"
            value={newSlug}
            error={slugProblem(newSlug)}
            onChange={(event) => setNewSlug(event.currentTarget.value)}
            data-autofocus
          />
        )}
        {mode === 'IN_PLACE' && (
          <>
            <Notice tone="warn">
              While it runs the tenant is suspended. Orders since this state are not in it.
            </Notice>
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
          </>
        )}
        {problem && <ProblemNotice problem={problem} />}
        <Group justify="flex-end" gap="xs">
          <Button size="sm" variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            size="sm"
            disabled={!ready}
            loading={restore.busy}
            {...(mode === 'IN_PLACE' ? { color: 'red.8' } : {})}
            onClick={() => void start()}
          >
            Restore
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
