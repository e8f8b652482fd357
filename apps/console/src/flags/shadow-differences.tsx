import { formatNumber, formatPercent } from '../components/format.js';
import { Panel } from '../components/page.js';
import { RowError, Table, type TableColumn } from '../components/table.js';
import { graphql, type ResultOf } from '../graphql/graphql.js';
import { useRead } from '../graphql/use-read.js';

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

type Difference = ResultOf<typeof shadowQuery>['shadowDifferences'][number];

const columns: TableColumn<Difference>[] = [
  {
    key: 'where',
    header: 'Where',
    render: ({ tenantName, branch }) => (
      <>
        {tenantName}
        {branch && <span className="dim">, {branch}</span>}
      </>
    ),
  },
  {
    key: 'engines',
    header: 'Answered by, shadowed by',
    render: ({ liveEngine, shadowEngine }) => (
      <span className="mono dim">
        {liveEngine}, {shadowEngine}
      </span>
    ),
  },
  {
    key: 'differ',
    header: 'Differ',
    render: ({ different, compared, failed }) => (
      <span className="num">
        {formatNumber(different)} of {formatNumber(compared)}{' '}
        <span className="faint">{formatPercent(compared ? different / compared : 0)}</span>
        {failed > 0 && <RowError>{formatNumber(failed)} failed</RowError>}
      </span>
    ),
  },
  {
    key: 'sum',
    header: 'Sum',
    align: 'end',
    render: ({ difference, currency }) => `${difference} ${currency}`,
  },
  {
    key: 'absolute',
    header: 'Without signs',
    align: 'end',
    render: ({ absoluteDifference, currency }) => `${absoluteDifference} ${currency}`,
  },
];

const subjects = { pricing: 'pricing', allocation: 'allocation' } as const;

/** For flags of pricing and allocation: how the other engine would have answered in the last day, by tenant and branch. */
export function ShadowDifferences({ flag }: { flag: string }) {
  const subject = Object.values(subjects).find((one) => flag.startsWith(`${one}.`));
  const { data } = useRead(shadowQuery, { subject: subject ?? null }, { pause: !subject });
  const rows = data?.shadowDifferences ?? [];
  if (!subject || !data) return null;
  return (
    <Panel title="Shadow of the last day" flush>
      <Table
        label="Shadow of the last day"
        rows={rows}
        columns={columns}
        rowKey={(row) => `${row.tenant} ${row.branch} ${row.liveEngine} ${row.shadowEngine} ${row.currency}`}
        empty={
          <>
            Nothing was compared. With <span className="mono">{subject}.shadow</span> on for a scope the other
            engine runs after each answer; what it would have answered is compared here, by tenant and branch.
          </>
        }
      />
    </Panel>
  );
}
