import { Loader } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowRight, IconUsers } from '@tabler/icons-react';
import { CommandText } from '../components/command-text.js';
import { formatNumber } from '../components/format.js';
import { useRead } from '../graphql/use-read.js';
import { FlagValue } from './flag-value.js';
import styles from './flags.module.css';
import { type FlagDetail, type Scope, simulateFlagChangeQuery } from './flags.query.js';
import type { RuleValue } from './use-flag-actions.js';

const shown = 60;

/** Who would change if the rule were set: nothing is written. */
export function Simulation({ flag, scope, value }: { flag: FlagDetail; scope: Scope; value: RuleValue }) {
  const input = {
    flag: flag.key,
    environment: flag.environment.name,
    scope: { kind: scope.kind, key: scope.key },
    enabled: value.enabled,
    variant: value.variant,
  };
  const [settled] = useDebouncedValue(JSON.stringify(input), 150);
  const { data, problem, loading } = useRead(simulateFlagChangeQuery, {
    input: JSON.parse(settled) as typeof input,
  });
  const variants = flag.variants.map(({ name }) => name);
  if (problem) {
    return (
      <div className={styles['simulation']} role="alert">
        {problem.message} {problem.hint && <CommandText text={problem.hint} />}
      </div>
    );
  }
  if (loading || !data) {
    return (
      <div className={styles['simulation']}>
        <Loader size="xs" type="dots" />
      </div>
    );
  }
  const { affected, affectedTotal, unchanged } = data.simulateFlagChange;
  return (
    <div className={styles['simulation']} aria-live="polite">
      <div className={styles['simulationHead']}>
        <IconUsers size={15} stroke={1.7} aria-hidden="true" />
        {affected.length === 0 ? (
          <span>Nobody changes.</span>
        ) : (
          <span>
            <b className="num">{formatNumber(affectedTotal)}</b> will change,{' '}
            <span className="num">{formatNumber(unchanged)}</span> stay as they are.
          </span>
        )}
      </div>
      {affected.length > 0 && (
        <ul className={styles['effects']}>
          {affected.slice(0, shown).map((effect) => (
            <li key={`${effect.tenant}/${effect.unitKind}/${effect.unitCode}`}>
              <span className="truncate">
                {effect.unitName ?? effect.unitCode ?? effect.tenant}
                {effect.unitCode && <span className="faint"> {effect.tenant}</span>}
              </span>
              <span className={styles['effect']}>
                <FlagValue {...effect.before} variants={variants} />
                <IconArrowRight size={13} aria-label="becomes" />
                <FlagValue {...effect.after} variants={variants} />
              </span>
            </li>
          ))}
          {affectedTotal > shown && (
            <li className="faint num">and {formatNumber(affectedTotal - shown)} more</li>
          )}
        </ul>
      )}
    </div>
  );
}
