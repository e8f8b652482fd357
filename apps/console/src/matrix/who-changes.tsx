import { Loader } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import { formatNumber } from '../components/format.js';
import { simulateFlagChangeQuery } from '../flags/flags.query.js';
import type { ChangeSet } from './change-set.js';
import styles from './review.module.css';

/** Drafts that are simulated one by one; beyond it nobody reads the answer. */
const simulated = 60;

interface Affected {
  flags: number;
  tenants: number;
  units: number;
  partial: boolean;
}

/** How many tenants and units would see another value than now; nothing is written. */
export function WhoChanges({ environment, drafts }: { environment: string; drafts: ChangeSet }) {
  const client = useClient();
  const [settled] = useDebouncedValue(drafts, 250);
  const [affected, setAffected] = useState<Affected>();
  useEffect(() => {
    let current = true;
    setAffected(undefined);
    void (async () => {
      const [flags, tenants, units] = [new Set<string>(), new Set<string>(), new Set<string>()];
      let partial = settled.size > simulated;
      for (const { flag, scope, rule } of [...settled.values()].slice(0, simulated)) {
        const input = {
          environment,
          flag: flag.key,
          scope: { kind: scope.kind, key: scope.key },
          ...(rule ?? { clear: true }),
        };
        const { data } = await client.query(simulateFlagChangeQuery, { input }).toPromise();
        if (!current) return;
        const simulation = data?.simulateFlagChange;
        if (simulation && simulation.affectedTotal > 0) flags.add(flag.key);
        if ((simulation?.affectedTotal ?? 0) > (simulation?.affected.length ?? 0)) partial = true;
        for (const { tenant, unitCode } of simulation?.affected ?? []) {
          if (unitCode === null) tenants.add(tenant);
          else units.add(`${tenant}/${unitCode}`);
        }
      }
      setAffected({ flags: flags.size, tenants: tenants.size, units: units.size, partial });
    })();
    return () => {
      current = false;
    };
  }, [client, environment, settled]);
  return (
    <div className={styles['who']} aria-live="polite">
      {affected ? <Sentence {...affected} /> : <Loader size="xs" type="dots" />}
    </div>
  );
}

function Sentence({ flags, tenants, units, partial }: Affected) {
  if (tenants + units === 0) return <>Nobody sees another value.</>;
  const least = partial ? 'At least ' : '';
  return (
    <span className="num">
      {least}
      <b>{formatNumber(tenants)}</b> {tenants === 1 ? 'tenant' : 'tenants'} and <b>{formatNumber(units)}</b>{' '}
      {units === 1 ? 'unit' : 'units'} see another value of {formatNumber(flags)}{' '}
      {flags === 1 ? 'flag' : 'flags'}.
    </span>
  );
}
