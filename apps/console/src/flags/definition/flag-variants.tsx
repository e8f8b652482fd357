import { Button } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { Panel } from '../../components/page.js';
import { useCan } from '../../session/session.js';
import { FlagValue } from '../flag-value.js';
import type { FlagDetail } from '../flags.query.js';
import styles from './definition.module.css';
import { EditVariants } from './edit-variants.js';

/** What each variant is and carries, and the way to change that. */
export function FlagVariants({ flag, onChanged }: { flag: FlagDetail; onChanged: () => void }) {
  const may = useCan('flags:write');
  const [editing, setEditing] = useState(false);
  if (flag.kind !== 'VARIANT') return null;
  const names = flag.variants.map(({ name }) => name);
  return (
    <Panel
      title="Variants"
      actions={
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<IconPencil size={13} />}
          disabled={!may || flag.archived}
          onClick={() => setEditing(true)}
        >
          Edit variants
        </Button>
      }
    >
      <ul className={styles['variants']} aria-label="Variants">
        {flag.variants.map(({ name, description, payload }) => (
          <li key={name}>
            <span>
              <FlagValue enabled variant={name} variants={names} />
              {name === flag.defaultVariant && <span className="dim"> served where the flag is off</span>}
            </span>
            {description && <span className="dim">{description}</span>}
            {payload !== null && payload !== undefined && (
              <pre className="mono" tabIndex={0} aria-label={`Payload of ${name}`}>
                {typeof payload === 'string' ? payload : JSON.stringify(payload, null, 2)}
              </pre>
            )}
          </li>
        ))}
      </ul>
      {flag.payloadSchema !== null && flag.payloadSchema !== undefined && (
        <span className="dim">Every payload keeps to a schema.</span>
      )}
      <EditVariants
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
