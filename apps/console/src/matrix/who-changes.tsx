import { Loader } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { mostChanges } from '../change-requests/use-open-request.js';
import type { FlagChangeInput } from '../change-requests/change-requests.query.js';
import { counted, formatNumber } from '../components/format.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { graphql } from '../graphql/graphql.js';
import { useRead } from '../graphql/use-read.js';
import styles from './review.module.css';

const simulateFlagChangesQuery = graphql(`
  query SimulateFlagChanges($input: SimulateFlagChangesInput!) {
    simulateFlagChanges(input: $input, first: 1) {
      flag
      affectedTotal
      affectedTenants
      unchanged
    }
  }
`);

/** How many tenants and units would see another value by all of the changes together; nothing is written. */
export function WhoChanges({
  environment,
  changes,
}: {
  environment: string;
  changes: readonly FlagChangeInput[];
}) {
  const [settled] = useDebouncedValue(JSON.stringify(changes.slice(0, mostChanges)), 250);
  const input = { environment, changes: JSON.parse(settled) as FlagChangeInput[] };
  const { data, problem } = useRead(simulateFlagChangesQuery, { input });
  const flags = data?.simulateFlagChanges.filter(({ affectedTotal }) => affectedTotal > 0) ?? [];
  if (problem) return <ProblemNotice problem={problem} />;
  return (
    <div className={styles['who']} aria-live="polite">
      {!data && <Loader size="xs" type="dots" />}
      {data && flags.length === 0 && 'Nobody sees another value.'}
      {flags.map(({ flag, affectedTotal, affectedTenants, unchanged }) => (
        <div key={flag} className="num">
          <span className="mono">{flag}</span>: <b>{formatNumber(affectedTotal)}</b> of{' '}
          {formatNumber(affectedTotal + unchanged)} see another value, in {counted(affectedTenants, 'tenant')}
        </div>
      ))}
    </div>
  );
}
