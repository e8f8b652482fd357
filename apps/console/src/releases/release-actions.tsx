import { Button, Menu } from '@mantine/core';
import {
  IconArrowBackUp,
  IconChevronDown,
  IconCircleCheck,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconRocket,
} from '@tabler/icons-react';
import { useConfirm } from '../components/confirm.js';
import { useCommand } from '../graphql/use-command.js';
import { useCan } from '../session/session.js';
import {
  abortReleaseMutation,
  approveMutation,
  pauseReleaseMutation,
  promoteReleaseMutation,
  resumeReleaseMutation,
  rollBackReleaseMutation,
  startReleaseMutation,
} from './release-commands.js';
import type { ReleaseDetail } from './releases.query.js';
import { counted } from '../components/format.js';

interface ReleaseActionsProps {
  release: ReleaseDetail;
  /** Tenants that its waves reach. */
  planned: number;
  onChanged: () => void;
}

/** What may be done with a release in its present state; what reaches production asks first. */
export function ReleaseActions({ release, planned, onChanged }: ReleaseActionsProps) {
  const confirm = useConfirm();
  const may = useCan('releases:write');
  const mayApprove = useCan('releases:approve');
  const promote = useCommand(promoteReleaseMutation);
  const start = useCommand(startReleaseMutation);
  const pause = useCommand(pauseReleaseMutation);
  const resume = useCommand(resumeReleaseMutation);
  const abort = useCommand(abortReleaseMutation);
  const rollBack = useCommand(rollBackReleaseMutation);
  const approve = useCommand(approveMutation);
  const { id, name, status } = release;

  const askAnd = async (
    question: Parameters<typeof confirm>[0],
    act: (reason: string | undefined) => Promise<unknown>,
  ) => {
    const answer = await confirm(question);
    if (!answer) return;
    await act(answer.reason);
    onChanged();
  };

  const onPromote = async () => {
    await promote.run({ id }, { done: `${name} is promoted` });
    onChanged();
  };
  const onResume = async () => {
    await resume.run({ id }, { done: `${name} goes on` });
    onChanged();
  };
  const onApprove = () =>
    askAnd(
      {
        title: `Approve ${name}?`,
        body: `The approval covers exactly this content, digest ${release.digest.slice(0, 16)}…`,
        action: 'Approve',
        askReason: true,
      },
      (comment) => approve.run({ release: id, comment: comment ?? null }, { done: `${name} is approved` }),
    );
  const onStart = () =>
    askAnd(
      {
        title: `Start ${name} in ${release.environment}?`,
        body: `It goes through ${counted(release.waves.length, 'wave')} to ${counted(planned, 'tenant')}. A failed gate stops it and rolls its tenants back.`,
        action: 'Start',
        ...(release.environment === 'production' ? { expect: name } : {}),
      },
      () => start.run({ id }, { done: `${name} has started` }),
    );
  const onPause = () =>
    askAnd(
      {
        title: `Pause ${name}?`,
        body: 'No further tenant is reached until it is resumed. Exposed tenants keep it.',
        action: 'Pause',
        askReason: true,
      },
      (reason) => pause.run({ id, reason: reason ?? null }, { done: `${name} is paused` }),
    );
  const onAbort = () =>
    askAnd(
      {
        title: `Abort ${name}?`,
        body: `It stops for good. ${counted(release.exposedTenants, 'exposed tenant')} ${release.exposedTenants === 1 ? 'keeps' : 'keep'} it.`,
        action: 'Abort',
        danger: true,
        askReason: true,
        expect: name,
      },
      (reason) => abort.run({ id, reason: reason ?? null }, { done: `${name} is aborted` }),
    );
  const onRollBack = () =>
    askAnd(
      {
        title: `Roll ${name} back?`,
        body: `Its flags and migrations are undone for ${counted(release.exposedTenants, 'exposed tenant')}.`,
        action: 'Roll back',
        danger: true,
        askReason: true,
        expect: name,
      },
      (reason) => rollBack.run({ id, reason: reason ?? null }, { done: `${name} is being rolled back` }),
    );

  const canAbort = ['DRAFT', 'STAGED', 'READY', 'RUNNING', 'PAUSED'].includes(status);
  const canRollBack = liveOrStopped.includes(status) && release.exposedTenants > 0;
  return (
    <>
      {['DRAFT', 'STAGED', 'READY'].includes(status) && (
        <Button
          variant="default"
          disabled={!mayApprove}
          leftSection={<IconCircleCheck size={15} />}
          onClick={() => void onApprove()}
        >
          Approve
        </Button>
      )}
      {status === 'DRAFT' && (
        <Button
          disabled={!may}
          loading={promote.busy}
          leftSection={<IconRocket size={15} />}
          onClick={() => void onPromote()}
        >
          Promote
        </Button>
      )}
      {status === 'READY' && (
        <Button disabled={!may} leftSection={<IconPlayerPlay size={15} />} onClick={() => void onStart()}>
          Start
        </Button>
      )}
      {status === 'RUNNING' && (
        <Button
          variant="default"
          disabled={!may}
          leftSection={<IconPlayerPause size={15} />}
          onClick={() => void onPause()}
        >
          Pause
        </Button>
      )}
      {status === 'PAUSED' && (
        <Button
          disabled={!may}
          loading={resume.busy}
          leftSection={<IconPlayerPlay size={15} />}
          onClick={() => void onResume()}
        >
          Resume
        </Button>
      )}
      {(canAbort || canRollBack) && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" disabled={!may} rightSection={<IconChevronDown size={13} />}>
              Stop
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {canRollBack && (
              <Menu.Item leftSection={<IconArrowBackUp size={15} />} onClick={() => void onRollBack()}>
                Roll back exposed tenants
              </Menu.Item>
            )}
            {canAbort && (
              <Menu.Item
                c="var(--td-bad)"
                leftSection={<IconPlayerStop size={15} />}
                onClick={() => void onAbort()}
              >
                {release.exposedTenants > 0 ? 'Abort, keep exposed tenants' : 'Abort'}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}

const liveOrStopped: ReleaseDetail['status'][] = ['RUNNING', 'PAUSED', 'SUCCEEDED', 'FAILED', 'ABORTED'];
