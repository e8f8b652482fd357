import { Radio } from '@mantine/core';
import type { Placement } from '../components/badges.js';
import styles from './placement-choice.module.css';

interface PlacementChoiceProps {
  label: string;
  value: Placement;
  shared: string;
  dedicated: string;
  disabled?: boolean;
  onChange: (value: Placement) => void;
}

/** Shared or dedicated, with what each means. */
export function PlacementChoice({
  label,
  value,
  shared,
  dedicated,
  disabled,
  onChange,
}: PlacementChoiceProps) {
  return (
    <Radio.Group
      label={label}
      value={value}
      onChange={(next) => onChange(next === 'DEDICATED' ? 'DEDICATED' : 'SHARED')}
    >
      <div className={styles['choices']}>
        <Radio.Card value="SHARED" className={styles['choice'] ?? ''} disabled={disabled ?? false}>
          <Radio.Indicator size="xs" />
          <span>
            <b>Shared</b>
            <span className={styles['choiceText']}>{shared}</span>
          </span>
        </Radio.Card>
        <Radio.Card
          value="DEDICATED"
          className={styles['choice'] ?? ''}
          data-dedicated
          disabled={disabled ?? false}
        >
          <Radio.Indicator size="xs" />
          <span>
            <b>Dedicated</b>
            <span className={styles['choiceText']}>{dedicated}</span>
          </span>
        </Radio.Card>
      </div>
    </Radio.Group>
  );
}
