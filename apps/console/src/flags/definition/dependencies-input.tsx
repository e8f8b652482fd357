import { ActionIcon, Button, MultiSelect, Select } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useRead } from '../../graphql/use-read.js';
import { flagKeysQuery } from '../flag-keys.query.js';
import styles from './definition.module.css';

/** Another flag that must be so for this one to be on. */
export interface DependencyDraft {
  flag: string;
  /** false: the other flag must be off. */
  enabled: boolean;
  /** It must have one of these; none: any. */
  variants: string[];
}

const mostDependencies = 10;

interface DependenciesInputProps {
  /** Of the flag itself: it cannot depend on itself. */
  own: string;
  value: readonly DependencyDraft[];
  error: string | undefined;
  onChange: (dependencies: DependencyDraft[]) => void;
}

/** Flags that must be so for this one to be on, each once. */
export function DependenciesInput({ own, value, error, onChange }: DependenciesInputProps) {
  const { data } = useRead(flagKeysQuery, { search: null });
  const flags = (data?.flags.edges ?? []).map(({ node }) => node).filter(({ key }) => key !== own);
  const set = (index: number, part: Partial<DependencyDraft>) =>
    onChange(value.map((one, at) => (at === index ? { ...one, ...part } : one)));
  return (
    <div className={styles['dependencies']} role="group" aria-label="Depends on">
      {value.map((dependency, index) => {
        const variants = flags.find(({ key }) => key === dependency.flag)?.variants ?? [];
        const taken = value.map(({ flag }) => flag);
        const offered = flags.map(({ key }) => key).filter((key) => !taken.includes(key));
        return (
          <div key={index} className={styles['dependency']}>
            <Select
              size="sm"
              aria-label={`Flag ${index + 1} that it depends on`}
              placeholder="Flag"
              searchable
              allowDeselect={false}
              data={dependency.flag ? [dependency.flag, ...offered] : offered}
              value={dependency.flag || null}
              onChange={(flag) => set(index, { flag: flag ?? '', variants: [] })}
            />
            <Select
              size="sm"
              aria-label={`How flag ${index + 1} must be`}
              allowDeselect={false}
              data={[
                { value: 'on', label: 'is on' },
                { value: 'off', label: 'is off' },
              ]}
              value={dependency.enabled ? 'on' : 'off'}
              onChange={(how) => set(index, { enabled: how === 'on', variants: [] })}
            />
            <MultiSelect
              size="sm"
              aria-label={`Variants that flag ${index + 1} may have`}
              placeholder={dependency.variants.length > 0 ? '' : 'Any variant'}
              disabled={!dependency.enabled || variants.length === 0}
              data={variants.map(({ name }) => name)}
              value={dependency.variants}
              onChange={(names) => set(index, { variants: names })}
            />
            <ActionIcon
              aria-label={`Take dependency ${index + 1} out`}
              onClick={() => onChange(value.filter((_, at) => at !== index))}
            >
              <IconTrash size={15} stroke={1.7} />
            </ActionIcon>
          </div>
        );
      })}
      {error && (
        <div className={styles['error']} role="alert">
          {error}
        </div>
      )}
      <Button
        variant="subtle"
        size="compact-xs"
        justify="start"
        leftSection={<IconPlus size={13} />}
        disabled={value.length >= mostDependencies}
        onClick={() => onChange([...value, { flag: '', enabled: true, variants: [] }])}
      >
        {value.length === 0 ? 'Let it depend on another flag' : 'Add another'}
      </Button>
    </div>
  );
}
