import styles from './flags.module.css';

interface FlagValueProps {
  enabled: boolean;
  variant: string | null | undefined;
  /** The flag's variants in their order, which gives each its colour. */
  variants: readonly string[];
}

/** Which of a flag's values this is: 0 stands for off or the default, each other variant has its own number. */
export function valueIndex({ enabled, variant, variants }: FlagValueProps): number {
  if (variant) return Math.max(0, variants.indexOf(variant));
  return enabled ? 1 : 0;
}

export const valueLabel = (value: { enabled: boolean; variant: string | null | undefined }): string =>
  value.variant ?? (value.enabled ? 'on' : 'off');

/** A flag's value with the colour that it has all over the console. */
export function FlagValue(props: FlagValueProps) {
  return (
    <span className={styles['value']} data-value={valueIndex(props) % 5}>
      {valueLabel(props)}
    </span>
  );
}
