import { Loader } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowRight, IconGitBranch, IconUsers } from '@tabler/icons-react';
import type { FlagChangeInput } from '../change-requests/change-requests.query.js';
import { CommandText } from '../components/command-text.js';
import { formatNumber } from '../components/format.js';
import { useRead } from '../graphql/use-read.js';
import { FlagValue } from './flag-value.js';
import styles from './flags.module.css';
import { type FlagDetail, simulateChangesQuery } from './flags.query.js';

const shown = 60;

interface SimulationProps {
  flag: FlagDetail;
  change: FlagChangeInput;
}

/** Who would change by a change of the flag, and which flags with it: nothing is written. */
export function Simulation({ flag, change }: SimulationProps) {
  const [settled] = useDebouncedValue(JSON.stringify(change), 200);
  const { data, problem, loading } = useRead(simulateChangesQuery, {
    input: {
      environment: flag.environment.name,
      changes: [JSON.parse(settled) as FlagChangeInput],
    },
    first: shown,
  });
  const variants = flag.variants.map(({ name }) => name);
  if (problem) {
    return (
      <div className={styles['simulation']} role="alert">
        {problem.message} {problem.hint && <CommandText text={problem.hint} />}
      </div>
    );
  }
  const impact = data?.simulateFlagChanges.find((one) => one.flag === flag.key);
  if (loading || !impact) {
    return (
      <div className={styles['simulation']}>
        <Loader size="xs" type="dots" />
      </div>
    );
  }
  const { affected, affectedTotal, unchanged } = impact;
  const others = (data?.simulateFlagChanges ?? []).filter((one) => one.flag !== flag.key);
  return (
    <div className={styles['simulation']} aria-live="polite">
      <div className={styles['simulationHead']}>
        <IconUsers size={15} stroke={1.7} aria-hidden="true" />
        {affectedTotal === 0 ? (
          <span>Nobody changes.</span>
        ) : (
          <span>
            <b className="num">{formatNumber(affectedTotal)}</b> will change,{' '}
            <span className="num">{formatNumber(unchanged)}</span> stay as they are.
          </span>
        )}
      </div>
      {others.map((other) => (
        <div key={other.flag} className={styles['simulationHead']}>
          <IconGitBranch size={15} stroke={1.7} aria-hidden="true" />
          <span>
            <span className="mono">{other.flag}</span> depends on it:{' '}
            <b className="num">{formatNumber(other.affectedTotal)}</b> change.
          </span>
        </div>
      ))}
      {affected.length > 0 && (
        <ul className={styles['effects']}>
          {affected.map((effect) => (
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
          {affectedTotal > affected.length && (
            <li className="faint num">and {formatNumber(affectedTotal - affected.length)} more</li>
          )}
        </ul>
      )}
    </div>
  );
}
