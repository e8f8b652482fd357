import { Button, Group, Skeleton } from '@mantine/core';
import { IconArchive } from '@tabler/icons-react';
import { useState } from 'react';
import { auditTailSubscription } from '../audit/audit.query.js';
import { Stat } from '../components/facts.js';
import { formatBytes, formatNumber } from '../components/format.js';
import { Notice } from '../components/notice.js';
import { Panel } from '../components/page.js';
import { ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useCommand } from '../graphql/use-command.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { backupsQuery, backUpTenantMutation } from './backups.query.js';
import { DownloadArchive } from './download-archive.js';
import styles from './lifecycle.module.css';

/** What the tenant takes along: a fresh archive, as a file, before its key is destroyed. */
export function NewestArchive({ slug }: { slug: string }) {
  const may = useCan('tenants:write');
  const { data, problem, refresh } = useRead(backupsQuery, { slug });
  const backUp = useCommand(backUpTenantMutation);
  const [asked, setAsked] = useState(false);
  const again = useThrottled(refresh, 400);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.tenant === slug) again();
  });
  if (problem && !data) return <ProblemState problem={problem} onRetry={refresh} />;
  if (!data?.tenant) return <Skeleton height={160} radius="md" />;
  const newest = data.tenant.backups.find(({ status }) => status === 'COMPLETE');
  const running = data.tenant.backups.some(({ status }) => status === 'RUNNING');
  return (
    <Panel title="Hand the data over first">
      <div className={styles['count']}>
        <span className="dim">
          What the tenant is to keep must leave before its key is destroyed: after the erasure nobody can read
          an archive of it. In clear it is a CSV file for each table.
        </span>
        {newest ? (
          <div className={styles['figures']}>
            <Stat label="Newest archive" value={<Time at={newest.snapshotAt} />} />
            <Stat label="Rows" value={formatNumber(newest.rows ?? 0)} />
            <Stat label="Stored" value={formatBytes(newest.storedBytes ?? 0)} />
          </div>
        ) : (
          <Notice tone="info">There is no archive of it yet.</Notice>
        )}
        <Group gap="xs">
          {newest && <DownloadArchive backup={newest.id} slug={slug} />}
          <Button
            variant="default"
            disabled={!may}
            loading={backUp.busy || (running && asked)}
            leftSection={<IconArchive size={15} />}
            onClick={() => {
              setAsked(true);
              void backUp.run({ tenant: slug }, { done: 'An archive is being taken' }).then(refresh);
            }}
          >
            Take a fresh archive
          </Button>
        </Group>
      </div>
    </Panel>
  );
}
