import { Radio } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './radio-cards.module.css';

export interface RadioCard<Value extends string> {
  value: Value;
  title: ReactNode;
  /** What choosing it means. */
  text: ReactNode;
  disabled?: boolean;
}

interface RadioCardsProps<Value extends string> {
  label: string;
  /** Read by screen readers alone. */
  hideLabel?: boolean;
  value: Value | undefined;
  options: readonly RadioCard<Value>[];
  onChange: (value: Value) => void;
}

/** One of a few, each with what it means. */
export function RadioCards<Value extends string>(props: RadioCardsProps<Value>) {
  const { label, hideLabel, value, options, onChange } = props;
  return (
    <Radio.Group
      {...(hideLabel ? { 'aria-label': label } : { label })}
      value={value ?? null}
      onChange={(next) => {
        const chosen = options.find((option) => option.value === next);
        if (chosen) onChange(chosen.value);
      }}
    >
      <div className={styles['cards']}>
        {options.map((option) => (
          <Radio.Card
            key={option.value}
            value={option.value}
            className={styles['card'] ?? ''}
            disabled={option.disabled ?? false}
          >
            <Radio.Indicator size="xs" />
            <span className={styles['body']}>
              <b>{option.title}</b>
              <span className={styles['text']}>{option.text}</span>
            </span>
          </Radio.Card>
        ))}
      </div>
    </Radio.Group>
  );
}
