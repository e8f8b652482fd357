import { Button, Group } from '@mantine/core';
import { IconFileExport, IconPencil } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { CommandText } from '../components/command-text.js';
import { Facts } from '../components/facts.js';
import { formatLocal, sentence } from '../components/format.js';
import { Notice } from '../components/notice.js';
import { Panel } from '../components/page.js';
import { Time } from '../components/time.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { EditFlag } from './definition/edit-flag.js';
import styles from './flag-side.module.css';
import { useExport } from './files/use-export.js';
import { type FlagDetail, staleFlagsQuery } from './flags.query.js';
import { staleWords } from './stale-badge.js';

const referencesShown = 5;

/** What a flag is: owner, project, end of life, what it depends on, where code names it. */
export function FlagAbout({ flag, onChanged }: { flag: FlagDetail; onChanged: () => void }) {
  const may = useCan('flags:write');
  const file = useExport();
  const [editing, setEditing] = useState(false);
  return (
    <Panel
      title="About"
      actions={
        <>
          <Button
            variant="subtle"
            size="compact-xs"
            leftSection={<IconFileExport size={13} />}
            loading={file.busy}
            onClick={() => void file.run([flag.key])}
          >
            Export
          </Button>
          <Button
            variant="subtle"
            size="compact-xs"
            leftSection={<IconPencil size={13} />}
            disabled={!may || flag.archived}
            onClick={() => setEditing(true)}
          >
            Edit
          </Button>
        </>
      }
    >
      <Facts
        entries={[
          ['Owner', flag.owner],
          [
            'Project',
            <Link to="/flags" search={{ project: [flag.project] }}>
              {flag.project}
            </Link>,
          ],
          ['Type', sentence(flag.type.replaceAll('-', ' '))],
          ['State', sentence(flag.lifecycle)],
          ['Expires', flag.expiresAt && formatLocal(flag.expiresAt)],
          ['When off', flag.defaultVariant && <span className="mono">{flag.defaultVariant}</span>],
          ['Depends on', flag.dependencies.length > 0 && <Dependencies flag={flag} />],
          ['Tags', flag.tags.length > 0 && <span className="mono">{flag.tags.join(' ')}</span>],
          ['In code', flag.codeReferences.length > 0 && <References flag={flag} />],
          ['Created', <Time at={flag.createdAt} />],
        ]}
      />
      <EditFlag
        flag={flag}
        opened={editing}
        onClose={() => setEditing(false)}
        onSaved={() => {
          setEditing(false);
          onChanged();
        }}
      />
    </Panel>
  );
}

function Dependencies({ flag }: { flag: FlagDetail }) {
  return (
    <>
      {flag.dependencies.map(({ flag: key, enabled, variants }) => (
        <div key={key}>
          <Link to="/flags/$key" params={{ key }} className="mono">
            {key}
          </Link>{' '}
          <span className="dim">
            {enabled ? 'on' : 'off'}
            {variants.length > 0 && ` with ${variants.join(' or ')}`}
          </span>
        </div>
      ))}
    </>
  );
}

function References({ flag: { codeReferences } }: { flag: FlagDetail }) {
  const left = codeReferences.length - referencesShown;
  return (
    <ul className={styles['references']}>
      {codeReferences.slice(0, referencesShown).map(({ repository, path, line }) => (
        <li
          key={`${repository}${path}${line}`}
          className="mono truncate"
          title={`${repository} ${path}:${line}`}
        >
          {path}:{line}
        </li>
      ))}
      {left > 0 && <li className="dim">and {left} more</li>}
    </ul>
  );
}

/** Above the page of a flag that has done its work: why it counts as stale, and what to do. */
export function StaleNotice({ flag }: { flag: string }) {
  const { data } = useRead(staleFlagsQuery, { flags: [flag] });
  const [stale] = data?.staleFlags ?? [];
  if (!stale) return null;
  return (
    <Notice tone="warn" title={`Stale: ${stale.reasons.map((reason) => staleWords[reason]).join(' ')}`}>
      <Group gap="xs">
        <CommandText text={stale.advice} size="sm" />
      </Group>
    </Notice>
  );
}
