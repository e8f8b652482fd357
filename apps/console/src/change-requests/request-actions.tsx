import { Button, Group, Menu, Modal, Stack, TextInput } from '@mantine/core';
import { IconCheck, IconChevronDown, IconPlayerPlay } from '@tabler/icons-react';
import { useState } from 'react';
import { useConfirm } from '../components/confirm.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { useCan, useSession } from '../session/session.js';
import { useIsProduction } from '../shell/environment.js';
import {
  applyChangeRequestMutation,
  approveChangeRequestMutation,
  cancelScheduleMutation,
  type ChangeRequest,
  closeChangeRequestMutation,
  discardChangeRequestMutation,
  rejectChangeRequestMutation,
  scheduleChangeRequestMutation,
  submitChangeRequestMutation,
} from './change-requests.query.js';
import { counted } from '../components/format.js';

interface RequestActionsProps {
  request: ChangeRequest;
  onChanged: () => void;
}

/** What can be done with a request in its status; the control plane decides again. */
export function RequestActions({ request, onChanged }: RequestActionsProps) {
  const confirm = useConfirm();
  const { viewer } = useSession();
  const may = useCan('flags:write');
  const mayReview = useCan('releases:approve') && request.author !== viewer.name;
  const production = useIsProduction(request.environment);
  const approve = useCommand(approveChangeRequestMutation);
  const reject = useCommand(rejectChangeRequestMutation);
  const submit = useCommand(submitChangeRequestMutation);
  const apply = useCommand(applyChangeRequestMutation);
  const close = useCommand(closeChangeRequestMutation);
  const discard = useCommand(discardChangeRequestMutation);
  const cancel = useCommand(cancelScheduleMutation);
  const [scheduling, setScheduling] = useState(false);
  const { id, digest, status } = request;
  const own = request.author === viewer.name;
  const approved = request.approvalsGiven >= request.approvalsNeeded;
  const done = async (work: Promise<unknown>) => {
    await work;
    onChanged();
  };

  const review = async (kind: 'approve' | 'reject') => {
    const answer = await confirm({
      title: kind === 'approve' ? 'Approve exactly these changes?' : 'Send it back to its author?',
      body:
        kind === 'approve'
          ? 'The approval holds for this content alone. Any edit voids it.'
          : 'The author can edit and submit it again.',
      action: kind === 'approve' ? 'Approve' : 'Reject',
      danger: kind === 'reject',
      askReason: kind === 'reject' ? 'required' : true,
    });
    if (!answer) return;
    const input = { id, digest, comment: answer.reason ?? null };
    await done(
      kind === 'approve'
        ? approve.run(input, { done: 'Approved' })
        : reject.run(input, { done: 'Sent back to its author' }),
    );
  };
  const applyNow = async () => {
    const answer =
      !production ||
      (await confirm({
        title: `Apply ${counted(request.changes.length, 'change')} in ${request.environment}?`,
        body: 'All of them or none; every SDK has them within a second.',
        action: 'Apply',
        expect: request.environment,
      }));
    if (answer) await done(apply.run({ id }, { done: 'Applied' }));
  };

  const reviewable = status === 'IN_REVIEW' || status === 'SCHEDULED';
  const ended = status === 'APPLIED' || status === 'CLOSED' || status === 'DISCARDED';
  return (
    <>
      {(status === 'DRAFT' || status === 'REJECTED') && (
        <Button
          disabled={!may || !own}
          onClick={() => void done(submit.run({ id }, { done: 'Submitted for review' }))}
        >
          Submit for review
        </Button>
      )}
      {reviewable && !approved && (
        <>
          <Button variant="default" disabled={!mayReview} onClick={() => void review('reject')}>
            Reject
          </Button>
          <Button
            disabled={!mayReview}
            title={own ? 'You wrote it: somebody else approves it.' : undefined}
            leftSection={<IconCheck size={15} />}
            onClick={() => void review('approve')}
          >
            Approve
          </Button>
        </>
      )}
      {reviewable && approved && (
        <Button
          disabled={!may || request.conflicts.length > 0}
          loading={apply.busy}
          leftSection={<IconPlayerPlay size={15} />}
          onClick={() => void applyNow()}
        >
          Apply now
        </Button>
      )}
      {!ended && (
        <Menu position="bottom-end" width={200}>
          <Menu.Target>
            <Button variant="default" rightSection={<IconChevronDown size={13} />}>
              More
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {reviewable && (
              <Menu.Item disabled={!may} onClick={() => setScheduling(true)}>
                {status === 'SCHEDULED' ? 'Another time' : 'Apply at a time'}
              </Menu.Item>
            )}
            {status === 'SCHEDULED' && (
              <Menu.Item
                disabled={!may}
                onClick={() => void done(cancel.run({ id }, { done: 'No longer scheduled' }))}
              >
                Cancel the schedule
              </Menu.Item>
            )}
            {reviewable && approved && (
              <Menu.Item disabled={!mayReview} onClick={() => void review('reject')}>
                Reject
              </Menu.Item>
            )}
            {status === 'DRAFT' ? (
              <Menu.Item
                disabled={!may}
                onClick={() => void done(discard.run({ id }, { done: 'Discarded' }))}
              >
                Discard
              </Menu.Item>
            ) : (
              <Menu.Item disabled={!may} onClick={() => void done(close.run({ id }, { done: 'Withdrawn' }))}>
                Withdraw
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      {scheduling && <Schedule id={id} onClose={() => setScheduling(false)} onChanged={onChanged} />}
    </>
  );
}

function Schedule({ id, onClose, onChanged }: { id: string; onClose: () => void; onChanged: () => void }) {
  const schedule = useCommand(scheduleChangeRequestMutation);
  const [at, setAt] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const save = async () => {
    const input = { id, at: new Date(at).toISOString() };
    if (!(await schedule.run(input, { done: 'It is applied at its time', onProblem: setProblem }))) return;
    onChanged();
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title="Apply at a time">
      <Stack gap="md">
        <TextInput
          size="sm"
          type="datetime-local"
          label="Time"
          description="Of this computer; the control plane's clock decides. Needed approvals must be there by then."
          error={problem?.message}
          value={at}
          onChange={(event) => {
            setProblem(undefined);
            setAt(event.currentTarget.value);
          }}
          data-autofocus
        />
        <Group justify="flex-end" gap="xs">
          <Button size="sm" variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button size="sm" disabled={!at} loading={schedule.busy} onClick={() => void save()}>
            Schedule
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
