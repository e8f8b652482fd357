import styles from './meter.module.css';

interface MeterProps {
  label: string;
  value: number;
  /** null: there is no bound, and so nothing to fill. */
  max: number | null;
  format?: (value: number) => string;
  /** What is counted, where no column says it. */
  unit?: string;
}

/** How much of something is used. */
export function Meter({ label, value, max, format = String, unit = '' }: MeterProps) {
  if (max === null) {
    return (
      <span className="num">
        {format(value)} {unit} <span className="faint">no bound</span>
      </span>
    );
  }
  const share = max > 0 ? Math.min(1, value / max) : 1;
  return (
    <span className={styles['meter']}>
      <span
        className={styles['bar']}
        role="meter"
        aria-label={label}
        aria-valuenow={value}
        aria-valuemin={0}
        aria-valuemax={max}
        data-level={share >= 1 ? 'full' : share >= 0.8 ? 'high' : undefined}
      >
        <i style={{ width: `${100 * share}%` }} />
      </span>
      <span className="num">
        {format(value)} <span className="dim">of {format(max)}</span> {unit}
      </span>
    </span>
  );
}
