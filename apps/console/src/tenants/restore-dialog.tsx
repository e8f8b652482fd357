import { Button, Code, Group, Modal, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { formatNumber, formatUtc } from '../components/format.js';
import { Notice } from '../components/notice.js';
import { ProblemNotice } from '../components/problem-notice.js';
import type { Problem } from '../graphql/describe-error.js';
import type { Enum } from '../graphql/graphql.js';
import { useCommand } from '../graphql/use-command.js';
import { type Backup, restoreTenantMutation } from './backups.query.js';
import { slugProblem } from './onboarding-plan.js';

const modes = {
  SIDE_BY_SIDE: {
    label: 'Side by side',
    meaning:
      'Into a database beside the tenant, to look at; it is dropped after a day. Nothing of the tenant changes.',
  },
  NEW_TENANT: { label: 'New tenant', meaning: 'Into a tenant of its own, with the rows of this archive.' },
  IN_PLACE: {
    label: 'In place',
    meaning: 'The tenant goes back to this state. What it has now is archived first, so this can be undone.',
  },
} satisfies Record<Enum<'RestoreMode'>, { label: string; meaning: string }>;

interface RestoreDialogProps {
  slug: string;
  backup: Backup;
  onClose: () => void;
  onStarted: (operation: string) => void;
}

/** Where an archive is restored to; in place it wants the tenant's slug typed. */
export function RestoreDialog({ slug, backup, onClose, onStarted }: RestoreDialogProps) {
  const restore = useCommand(restoreTenantMutation);
  const [mode, setMode] = useState<Enum<'RestoreMode'>>('SIDE_BY_SIDE');
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
          {backup.rows !== null && `, ${formatNumber(backup.rows)} rows`}.
        </Text>
        <SegmentedControl
          aria-label="Where to"
          value={mode}
          data={Object.entries(modes).map(([value, { label }]) => ({ value, label }))}
          onChange={(next) => {
            setMode(next as Enum<'RestoreMode'>);
            setProblem(undefined);
          }}
        />
        <Text size="sm" c="dimmed">
          {modes[mode].meaning}
        </Text>
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
