import { ActionIcon, Button, Select } from '@mantine/core';
import { IconChevronDown, IconChevronRight, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Badge } from '../components/badges.js';
import { useRead } from '../graphql/use-read.js';
import { ConditionChips } from '../flags/conditions/condition-chips.js';
import {
  type Conditions,
  hasConditions,
  noConditions,
  toConditionsInput,
} from '../flags/conditions/conditions.js';
import { ConditionsForm } from '../flags/conditions/conditions-form.js';
import { flagKeysQuery } from '../flags/flag-keys.query.js';
import styles from './new-release.module.css';

/** A flag of the release and what it becomes; incomplete ones are left out. */
export interface FlagChangeDraft {
  flag: string | null;
  value: string | null;
  kind: 'BOOLEAN' | 'VARIANT';
  /** What the rule demands besides being of a tenant of the wave. */
  conditions: Conditions;
}

export const emptyFlagChange: FlagChangeDraft = {
  flag: null,
  value: null,
  kind: 'BOOLEAN',
  conditions: noConditions,
};

/** As `createRelease` takes them. */
export const toReleaseChanges = (drafts: readonly FlagChangeDraft[]) =>
  drafts.flatMap(({ flag, value, kind, conditions }) =>
    flag && value
      ? [
          {
            flag,
            enabled: value !== 'off',
            variant: kind === 'VARIANT' && value !== 'off' ? value : null,
            ...toConditionsInput(conditions, value !== 'off'),
          },
        ]
      : [],
  );

interface FlagChangesProps {
  drafts: readonly FlagChangeDraft[];
  onChange: (drafts: FlagChangeDraft[]) => void;
}

/** The flags that a release changes, each once. */
export function FlagChanges({ drafts, onChange }: FlagChangesProps) {
  const { data } = useRead(flagKeysQuery, { search: null });
  const [opened, setOpened] = useState<number>();
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
          <div key={index} className={styles['flagChangeWhole']}>
            <div className={styles['flagChange']}>
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
            {draft.flag && draft.value && (
              <ConditionsOf
                number={index + 1}
                draft={draft}
                opened={opened === index}
                onOpen={() => setOpened(opened === index ? undefined : index)}
                onChange={(conditions) => set(index, { conditions })}
              />
            )}
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

interface ConditionsOfProps {
  number: number;
  draft: FlagChangeDraft;
  opened: boolean;
  onOpen: () => void;
  onChange: (conditions: Conditions) => void;
}

/** Share, conditions and times of a change; folded, in words. */
function ConditionsOf({ number, draft, opened, onOpen, onChange }: ConditionsOfProps) {
  return (
    <div className={styles['conditions']}>
      <Button
        variant="subtle"
        size="compact-xs"
        justify="start"
        aria-expanded={opened}
        aria-label={`Share, conditions and times of flag ${number}`}
        leftSection={opened ? <IconChevronDown size={13} /> : <IconChevronRight size={13} />}
        onClick={onOpen}
      >
        Share, conditions and times
      </Button>
      {!opened && hasConditions(draft.conditions) && <ConditionChips conditions={draft.conditions} />}
      {opened && (
        <ConditionsForm conditions={draft.conditions} enabled={draft.value !== 'off'} onChange={onChange} />
      )}
    </div>
  );
}
