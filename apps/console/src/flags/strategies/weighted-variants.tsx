import { ActionIcon, Autocomplete, Button, NumberInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { formatPercent } from '../../components/format.js';
import type { WeightedVariant } from './strategies.js';
import styles from './strategies.module.css';

const mostVariants = 50;

interface WeightedVariantsProps {
  label: string;
  /** Names of the flag's variants. */
  names: readonly string[];
  value: readonly WeightedVariant[];
  onChange: (variants: WeightedVariant[]) => void;
}

/** Variants by weight; what else they carry (payload, overrides) stays as it came. */
export function WeightedVariants({ label, names, value, onChange }: WeightedVariantsProps) {
  const sum = value.reduce((total, { weight }) => total + weight, 0);
  const set = (index: number, part: Partial<WeightedVariant>) =>
    onChange(value.map((one, at) => (at === index ? { ...one, ...part } : one)));
  const unused = names.find((name) => value.every((one) => one.name !== name));
  const add = () =>
    onChange([
      ...value,
      { name: unused ?? '', weight: 1_000, weightType: null, stickiness: null, payload: null, overrides: [] },
    ]);
  return (
    <div className={styles['weighted']} role="group" aria-label={label}>
      <span className="dim">{label}</span>
      {value.map((variant, index) => (
        <div key={index} className={styles['weight']}>
          <Autocomplete
            size="sm"
            aria-label={`${label}: name ${index + 1}`}
            placeholder="Variant"
            data={[...names]}
            filter={({ options }) => options}
            value={variant.name}
            onChange={(name) => set(index, { name })}
          />
          <NumberInput
            size="sm"
            aria-label={`${label}: weight ${index + 1}`}
            min={0}
            max={100_000}
            value={variant.weight}
            onChange={(weight) => set(index, { weight: Number(weight) || 0 })}
          />
          <span className="num dim">{formatPercent(sum > 0 ? variant.weight / sum : 0)}</span>
          <ActionIcon
            aria-label={`${label}: take ${index + 1} out`}
            onClick={() => onChange(value.filter((_, at) => at !== index))}
          >
            <IconTrash size={15} stroke={1.7} />
          </ActionIcon>
          {(variant.payload ?? variant.overrides.length > 0) && (
            <span className={`dim ${styles['kept']}`}>
              {variant.payload && (
                <>
                  payload <span className="mono">{variant.payload.value.slice(0, 60)}</span>{' '}
                </>
              )}
              {variant.overrides.length > 0 && `${variant.overrides.length} overrides`}
            </span>
          )}
        </div>
      ))}
      <Button
        variant="subtle"
        size="compact-xs"
        justify="start"
        leftSection={<IconPlus size={13} />}
        disabled={value.length >= mostVariants}
        onClick={add}
      >
        Add variant
      </Button>
    </div>
  );
}
