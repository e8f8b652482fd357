import { Button, Code, Group, Modal, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ProblemNotice } from '../components/problem-notice.js';
import { RadioCards } from '../components/radio-cards.js';
import { CliLine } from '../components/states.js';
import type { Problem } from '../graphql/describe-error.js';
import type { Enum } from '../graphql/graphql.js';
import { useCommand } from '../graphql/use-command.js';
import { resumeTenantMutation, suspendTenantMutation } from './lifecycle.query.js';
import type { TenantDetail } from './tenant.query.js';

type Suspension = Enum<'Suspension'>;

interface SuspendDialogProps {
  tenant: TenantDetail;
  onClose: () => void;
  onChanged: () => void;
}

/** What is refused, and why; refusing everything wants the slug typed. */
export function SuspendDialog({ tenant, onClose, onChanged }: SuspendDialogProps) {
  const suspend = useCommand(suspendTenantMutation);
  const resume = useCommand(resumeTenantMutation);
  const now = tenant.status === 'SUSPENDED' ? (tenant.suspension ?? 'ALL') : undefined;
  const [mode, setMode] = useState<Suspension>(now === 'READ_ONLY' ? 'ALL' : 'READ_ONLY');
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const ready = reason.trim() !== '' && (mode === 'READ_ONLY' || typed.trim() === tenant.slug);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    const done = await suspend.run(
      { tenant: tenant.slug, mode, reason: reason.trim() },
      {
        done: `${tenant.name} is ${mode === 'READ_ONLY' ? 'read only' : 'suspended'}`,
        onProblem: setProblem,
        ...(now
          ? {}
          : {
              undo: async () => {
                await resume.run({ tenant: tenant.slug, reason: 'undone' });
                onChanged();
              },
            }),
      },
    );
    if (!done) return;
    onClose();
    onChanged();
  };

  return (
    <Modal opened onClose={onClose} title={`Suspend ${tenant.name}`} size="lg">
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          <RadioCards<Suspension>
            label="What is refused"
            value={mode}
            options={[
              {
                value: 'READ_ONLY',
                title: 'Writes',
                text: 'Read only: quotes, stock and orders can be looked at; whatever changes something is answered 403.',
                disabled: now === 'READ_ONLY',
              },
              {
                value: 'ALL',
                title: 'Everything',
                text: 'Every request is answered 403 within about a second, reads too.',
                disabled: now === 'ALL',
              },
            ]}
            onChange={setMode}
          />
          <span className="dim">
            Either way its data stays as it is, and its integration jobs wait until it is resumed.
          </span>
          <TextInput
            size="sm"
            label="Reason"
            description="Kept in the audit log."
            withAsterisk
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-autofocus
          />
          {mode === 'ALL' && (
            <TextInput
              size="sm"
              label={
                <>
                  Type <Code>{tenant.slug}</Code> to go on
                </>
              }
              aria-label={`Type ${tenant.slug} to go on`}
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
          <CliLine
            command={`tierdeck tenant suspend ${tenant.slug} --mode ${mode === 'ALL' ? 'all' : 'read-only'} --reason '${reason || '…'}'`}
          />
          {problem && <ProblemNotice problem={problem} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" size="sm" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              size="sm"
              disabled={!ready}
              loading={suspend.busy}
              {...(mode === 'ALL' ? { color: 'red.8' } : {})}
            >
              {mode === 'ALL' ? 'Refuse everything' : 'Refuse writes'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
