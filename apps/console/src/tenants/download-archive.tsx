import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconDownload, IconLock, IconTable } from '@tabler/icons-react';
import { useState } from 'react';
import { saveFile } from '../components/save-file.js';
import { notifyProblem } from '../components/toasts.js';
import { useCan, useSession } from '../session/session.js';

interface DownloadArchiveProps {
  backup: string;
  slug: string;
  compact?: boolean;
}

/** An archive as a file: encrypted as it is stored, or in clear for the tenant itself. Each download is in the audit. */
export function DownloadArchive({ backup, slug, compact }: DownloadArchiveProps) {
  const may = useCan('tenants:write');
  const { request } = useSession();
  const [busy, setBusy] = useState(false);
  const download = async (plain: boolean) => {
    setBusy(true);
    try {
      const answer = await request(`/backups/${backup}/archive${plain ? '?plain=true' : ''}`);
      const named = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1];
      saveFile(named ?? `${slug}.archive`, await answer.blob());
    } catch (error) {
      notifyProblem({
        code: 'DOWNLOAD_FAILED',
        message: error instanceof Error ? error.message : String(error),
      });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Menu position="bottom-end" width={300}>
      <Menu.Target>
        <Button
          variant="default"
          disabled={!may}
          loading={busy}
          leftSection={<IconDownload size={14} />}
          rightSection={<IconChevronDown size={13} />}
          {...(compact ? { size: 'compact-xs' } : {})}
        >
          Download
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconTable size={15} />} onClick={() => void download(true)}>
          In clear, a CSV for each table
        </Menu.Item>
        <Menu.Item leftSection={<IconLock size={15} />} onClick={() => void download(false)}>
          Encrypted, as it is stored
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
