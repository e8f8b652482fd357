import { formatNumber, formatPercent } from '../components/format.js';
import { Panel } from '../components/page.js';
import { graphql } from '../graphql/graphql.js';
import { useRead } from '../graphql/use-read.js';
import styles from './shadow-differences.module.css';

const shadowQuery = graphql(`
  query ShadowDifferences($subject: ShadowSubject) {
    shadowDifferences(subject: $subject, first: 50) {
      tenant
      tenantName
      branch
      subject
      compared
      different
      failed
      skipped
      currency
      liveEngine
      shadowEngine
      difference
      absoluteDifference
    }
  }
`);

const subjects = { pricing: 'pricing', allocation: 'allocation' } as const;

/** For flags of pricing and allocation: how the other engine would have answered in the last day, by tenant and branch. */
export function ShadowDifferences({ flag }: { flag: string }) {
  const subject = Object.values(subjects).find((one) => flag.startsWith(`${one}.`));
  const { data } = useRead(shadowQuery, { subject: subject ?? null }, { pause: !subject });
  const rows = data?.shadowDifferences ?? [];
  if (!subject || !data) return null;
  return (
    <Panel title="Shadow of the last day" flush>
      {rows.length === 0 ? (
        <div className={styles['empty']}>
          Nothing was compared. With <span className="mono">{subject}.shadow</span> on for a scope the other
          engine runs after each answer; what it would have answered is compared here, by tenant and branch.
        </div>
      ) : (
        <table className={styles['table']}>
          <thead>
            <tr>
              <th>Where</th>
              <th>Answered by, shadowed by</th>
              <th>Differ</th>
              <th>Sum</th>
              <th>Without signs</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.tenant} ${row.branch} ${row.liveEngine} ${row.shadowEngine} ${row.currency}`}>
                <td>
                  {row.tenantName}
                  {row.branch && <span className="dim">, {row.branch}</span>}
                </td>
                <td className="mono dim">
                  {row.liveEngine}, {row.shadowEngine}
                </td>
                <td className="num">
                  {formatNumber(row.different)} of {formatNumber(row.compared)}{' '}
                  <span className="faint">
                    {formatPercent(row.compared ? row.different / row.compared : 0)}
                  </span>
                  {row.failed > 0 && (
                    <span className={styles['failed']}> {formatNumber(row.failed)} failed</span>
                  )}
                </td>
                <td className="num">
                  {row.difference} {row.currency}
                </td>
                <td className="num dim">
                  {row.absoluteDifference} {row.currency}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
