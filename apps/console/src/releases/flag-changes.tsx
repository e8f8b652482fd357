import { ActionIcon, Button, Select } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { Badge } from '../components/badges.js';
import { useRead } from '../graphql/use-read.js';
import { flagsQuery } from '../flags/flags.query.js';
import styles from './new-release.module.css';

/** A flag of the release and what it becomes; incomplete ones are left out. */
export interface FlagChangeDraft {
  flag: string | null;
  value: string | null;
  kind: 'BOOLEAN' | 'VARIANT';
}

export const emptyFlagChange: FlagChangeDraft = { flag: null, value: null, kind: 'BOOLEAN' };

/** As `createRelease` takes them. */
export const toReleaseChanges = (drafts: readonly FlagChangeDraft[]) =>
  drafts.flatMap(({ flag, value, kind }) =>
    flag && value
      ? [{ flag, enabled: value !== 'off', variant: kind === 'VARIANT' && value !== 'off' ? value : null }]
      : [],
  );

const flagsOffered = 500;

interface FlagChangesProps {
  drafts: readonly FlagChangeDraft[];
  onChange: (drafts: FlagChangeDraft[]) => void;
}

/** The flags that a release changes, each once. */
export function FlagChanges({ drafts, onChange }: FlagChangesProps) {
  const { data } = useRead(flagsQuery, { first: flagsOffered });
  const flags = data?.flags.edges.map(({ node }) => node) ?? [];
  const taken = new Set(drafts.map(({ flag }) => flag));
  const set = (index: number, part: Partial<FlagChangeDraft>) =>
    onChange(drafts.map((draft, at) => (at === index ? { ...draft, ...part } : draft)));
  return (
    <div className={styles['changes']} role="group" aria-label="Flag changes">
      {drafts.map((draft, index) => {
        const chosen = flags.find(({ key }) => key === draft.flag);
        const values =
          chosen?.kind === 'VARIANT' ? [...chosen.variants.map(({ name }) => name), 'off'] : ['on', 'off'];
        return (
          <div key={index} className={styles['flagChange']}>
            <Select
              aria-label={`Flag ${index + 1}`}
              placeholder="Flag"
              searchable
              data={flags.filter(({ key }) => key === draft.flag || !taken.has(key)).map(({ key }) => key)}
              value={draft.flag}
              onChange={(flag) =>
                set(index, {
                  flag,
                  value: null,
                  kind: flags.find(({ key }) => key === flag)?.kind ?? 'BOOLEAN',
                })
              }
            />
            <Select
              aria-label={`Flag ${index + 1} becomes`}
              placeholder={chosen ? 'Becomes' : 'Choose a flag first'}
              disabled={!chosen}
              data={values}
              value={draft.value}
              onChange={(value) => set(index, { value })}
            />
            <span>{chosen?.riskClass === 'FINANCIAL' && <Badge tone="warn">Financial</Badge>}</span>
            <ActionIcon
              aria-label={`Take flag ${index + 1} out`}
              onClick={() => onChange(drafts.filter((_, at) => at !== index))}
            >
              <IconTrash size={15} stroke={1.7} />
            </ActionIcon>
          </div>
        );
      })}
      <Button
        variant="subtle"
        size="compact-xs"
        leftSection={<IconPlus size={13} />}
        onClick={() => onChange([...drafts, emptyFlagChange])}
      >
        {drafts.length === 0 ? 'Change a flag' : 'Change another flag'}
      </Button>
    </div>
  );
}
