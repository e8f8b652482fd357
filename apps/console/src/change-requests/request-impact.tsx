import { Skeleton } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { counted, formatNumber } from '../components/format.js';
import { Panel } from '../components/page.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { valueLabel } from '../flags/flag-value.js';
import { graphql } from '../graphql/graphql.js';
import { useRead } from '../graphql/use-read.js';
import styles from './change-requests.module.css';

const requestImpactQuery = graphql(`
  query RequestImpact($id: ID!) {
    simulateChangeRequest(id: $id, first: 12) {
      flag
      total
      affectedTotal
      affectedTenants
      transitions {
        count
        before {
          enabled
          variant
        }
        after {
          enabled
          variant
        }
      }
      affected {
        tenant
        unitCode
        unitName
        after {
          enabled
          variant
        }
      }
    }
  }
`);

/** Who would see another value if the request were applied now, from what to what. */
export function RequestImpact({ id, version }: { id: string; version: number }) {
  const { data, problem, loading } = useRead(requestImpactQuery, { id });
  return (
    <Panel title="Who changes" key={version}>
      {problem && <ProblemNotice problem={problem} />}
      {loading && <Skeleton height={60} radius="sm" />}
      {data?.simulateChangeRequest.map((impact) => (
        <section key={impact.flag} className={styles['impact']}>
          <div>
            <Link to="/flags/$key" params={{ key: impact.flag }} className="mono">
              {impact.flag}
            </Link>{' '}
            {impact.affectedTotal === 0 ? (
              <span className="dim">nobody sees another value</span>
            ) : (
              <span>
                <b className="num">{formatNumber(impact.affectedTotal)}</b> of {formatNumber(impact.total)},
                in {counted(impact.affectedTenants, 'tenant')}
              </span>
            )}
          </div>
          <ul className={styles['transitions']}>
            {impact.transitions.map(({ before, after, count }) => (
              <li key={`${valueLabel(before)} ${valueLabel(after)}`}>
                <b className="num">{formatNumber(count)}</b>
                <span className="mono">{valueLabel(before)}</span>
                <IconArrowRight size={13} aria-label="to" />
                <span className="mono">{valueLabel(after)}</span>
              </li>
            ))}
          </ul>
          {impact.affected.length > 0 && (
            <div className="dim">
              {impact.affected
                .map(({ tenant, unitCode, unitName }) =>
                  unitCode ? `${unitName ?? unitCode} (${tenant})` : tenant,
                )
                .join(', ')}
              {impact.affectedTotal > impact.affected.length &&
                ` and ${formatNumber(impact.affectedTotal - impact.affected.length)} more`}
            </div>
          )}
        </section>
      ))}
    </Panel>
  );
}
