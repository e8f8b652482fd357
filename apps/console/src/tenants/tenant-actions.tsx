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
import { useCan } from '../session/session.js';
import { CreateToken } from './create-token.js';
import { SuspendDialog } from './suspend-dialog.js';
import type { TenantDetail } from './tenant.query.js';
import { useResume } from './use-resume.js';

/** What can be done with a tenant; what cannot at this time is grey. */
export function TenantActions({ tenant, onChanged }: { tenant: TenantDetail; onChanged: () => void }) {
  const navigate = useNavigate();
  const may = useCan('tenants:write');
  const mayPlace = useCan('placement:write');
  const mayToken = useCan('tokens:write');
  const resume = useResume(tenant, onChanged);
  const [dialog, setDialog] = useState<'suspend' | 'token'>();
  const close = () => setDialog(undefined);
  const params = { slug: tenant.slug };
  const suspended = tenant.status === 'SUSPENDED';
  const movable = tenant.status === 'ACTIVE' || suspended;

  return (
    <>
      {suspended && (
        <Button
          disabled={!may}
          loading={resume.busy}
          leftSection={<IconPlayerPlay size={15} />}
          onClick={() => void resume.run()}
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
            disabled={!mayToken || tenant.status === 'OFFBOARDED'}
            onClick={() => setDialog('token')}
          >
            Create access token
          </Menu.Item>
          <Menu.Item
            leftSection={<IconArrowsExchange size={15} />}
            disabled={!mayPlace || !movable}
            onClick={() => void navigate({ to: '/tenants/$slug/move', params })}
          >
            Move
          </Menu.Item>
          {(suspended || tenant.status === 'ACTIVE') && (
            <Menu.Item
              leftSection={<IconPlayerPause size={15} />}
              disabled={!may}
              onClick={() => setDialog('suspend')}
            >
              {suspended ? 'Change what is refused' : 'Suspend'}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item
            c="var(--td-bad)"
            leftSection={<IconTrash size={15} />}
            disabled={!may || !['ACTIVE', 'SUSPENDED', 'FAILED'].includes(tenant.status)}
            onClick={() => void navigate({ to: '/tenants/$slug/offboard', params })}
          >
            Offboard
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <CreateToken tenant={tenant.slug} opened={dialog === 'token'} onClose={close} />
      {dialog === 'suspend' && <SuspendDialog tenant={tenant} onClose={close} onChanged={onChanged} />}
    </>
  );
}
