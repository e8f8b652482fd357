import { sentence } from '../components/format.js';
import { FlagValue } from '../flags/flag-value.js';
import styles from '../flags/flags.module.css';
import type { PlaygroundCell } from './playground.query.js';

interface TraceProps {
  cell: PlaygroundCell;
  context: string;
  variants: readonly string[];
}

/** Every rule a context was held against, the most specific first. */
export function Trace({ cell, context, variants }: TraceProps) {
  return (
    <div className={styles['explanation']}>
      <div className={styles['verdict']}>
        <span>
          <b>{context}</b> gets
        </span>
        <FlagValue {...cell.live} variants={variants} />
        <span className="dim">in {cell.environment}</span>
      </div>
      {cell.live.trace.length === 0 && (
        <span className="dim">No rule or strategy; the default is served.</span>
      )}
      <ol className={styles['trace']}>
        {cell.live.trace.map((step, index) => (
          <li key={index} data-outcome={step.outcome}>
            <i aria-hidden="true" />
            <div>
              <div className={styles['traceHead']}>
                <span>
                  {sentence(step.scope.kind)} <span className="dim">{step.scope.key}</span>
                </span>
                <FlagValue enabled={step.enabled} variant={step.variant} variants={variants} />
              </div>
              <div className={styles['traceText']}>
                <b>{sentence(step.outcome)}.</b> {step.explanation}
              </div>
            </div>
          </li>
        ))}
      </ol>
    </div>
  );
}
