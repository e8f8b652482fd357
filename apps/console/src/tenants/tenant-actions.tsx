import { Button, Menu } from '@mantine/core';
import {
  IconArrowsExchange,
  IconChevronDown,
  IconKey,
  IconPlayerPause,
  IconPlayerPlay,
  IconTrash,
} from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useConfirm } from '../components/confirm.js';
import { useCommand } from '../graphql/use-command.js';
import { useCan } from '../session/session.js';
import { ChangePlacement } from './change-placement.js';
import { CreateToken } from './create-token.js';
import {
  offboardTenantMutation,
  resumeTenantMutation,
  suspendTenantMutation,
  type TenantDetail,
} from './tenant.query.js';

export function TenantActions({ tenant, onChanged }: { tenant: TenantDetail; onChanged: () => void }) {
  const confirm = useConfirm();
  const navigate = useNavigate();
  const may = useCan('tenants:write');
  const mayPlace = useCan('placement:write');
  const suspend = useCommand(suspendTenantMutation);
  const resume = useCommand(resumeTenantMutation);
  const offboard = useCommand(offboardTenantMutation);
  const [placing, setPlacing] = useState(false);
  const [tokening, setTokening] = useState(false);
  const mayToken = useCan('tokens:write');
  const input = { tenant: tenant.slug };

  const onResume = async () => {
    await resume.run(input, { done: `${tenant.name} is active again` });
    onChanged();
  };
  const onSuspend = async () => {
    const answer = await confirm({
      title: `Suspend ${tenant.name}?`,
      body: 'Its requests are refused within a second. Its data and its queue stay as they are.',
      action: 'Suspend',
      danger: true,
      askReason: 'required',
      expect: tenant.slug,
    });
    if (!answer) return;
    await suspend.run(
      { ...input, reason: answer.reason ?? null },
      {
        done: `${tenant.name} is suspended`,
        undo: async () => {
          await resume.run({ ...input, reason: 'undone' });
          onChanged();
        },
      },
    );
    onChanged();
  };
  const onOffboard = async () => {
    const answer = await confirm({
      title: `Offboard ${tenant.name}?`,
      body: 'It is served no more. After the retention time every row of it is deleted, its database and login role too if they are its own; until then it can be brought back.',
      action: 'Offboard',
      danger: true,
      askReason: 'required',
      expect: tenant.slug,
    });
    if (!answer) return;
    const done = await offboard.run({ ...input, confirm: tenant.slug, reason: answer.reason ?? null });
    const id = done?.offboardTenant.operation?.id;
    if (id) void navigate({ to: '/operations/$id', params: { id } });
  };

  const movable = tenant.status === 'ACTIVE' || tenant.status === 'SUSPENDED';
  return (
    <>
      {tenant.status === 'SUSPENDED' && (
        <Button
          disabled={!may}
          loading={resume.busy}
          leftSection={<IconPlayerPlay size={15} />}
          onClick={() => void onResume()}
        >
          Resume
        </Button>
      )}
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={13} />}>
            Actions
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconKey size={15} />}
            disabled={!mayToken}
            onClick={() => setTokening(true)}
          >
            Create access token
          </Menu.Item>
          <Menu.Item
            leftSection={<IconArrowsExchange size={15} />}
            disabled={!mayPlace || !movable}
            onClick={() => setPlacing(true)}
          >
            Change placement
          </Menu.Item>
          {tenant.status === 'ACTIVE' && (
            <Menu.Item
              leftSection={<IconPlayerPause size={15} />}
              disabled={!may}
              onClick={() => void onSuspend()}
            >
              Suspend
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item
            c="var(--td-bad)"
            leftSection={<IconTrash size={15} />}
            disabled={!may || tenant.status === 'OFFBOARDED'}
            onClick={() => void onOffboard()}
          >
            Offboard
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <CreateToken tenant={tenant.slug} opened={tokening} onClose={() => setTokening(false)} />
      <ChangePlacement tenant={tenant} opened={placing} onClose={() => setPlacing(false)} />
    </>
  );
}
