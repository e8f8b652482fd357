import { Stat } from '../components/facts.js';
import { counted, formatBytes, formatNumber } from '../components/format.js';
import { Panel } from '../components/page.js';
import { Table, type TableColumn } from '../components/table.js';
import styles from './lifecycle.module.css';
import type { OffboardingPlan } from './lifecycle.query.js';

type TableRows = OffboardingPlan['tables'][number];

/** Everything of a tenant that an offboarding erases, counted now. */
export function OffboardingInventory({ plan }: { plan: OffboardingPlan }) {
  return (
    <>
      <Panel title="What will be erased">
        <div className={styles['figures']}>
          <Stat
            label="Rows"
            value={formatNumber(plan.rows)}
            detail={`in ${counted(plan.tables.length, 'table')}`}
          />
          <Stat
            label="Database"
            value={plan.databaseDropped ? 'dropped' : 'stays'}
            detail={plan.databaseDropped ? 'with its login role' : 'it is shared with others'}
          />
          <Stat label="Own workers" value={formatNumber(plan.workers)} detail="processes are ended" />
          <Stat label="Tokens" value={formatNumber(plan.tokens)} detail="are revoked" />
          <Stat
            label="Archives"
            value={formatNumber(plan.archives)}
            detail={`${formatBytes(plan.archiveBytes)}, unreadable without the key`}
          />
        </div>
      </Panel>
      <Panel title={plan.database ? <span className="mono">{plan.database}</span> : 'No database yet'} flush>
        <Table
          label="Rows by table"
          rows={plan.tables}
          columns={columns}
          rowKey={({ table }) => table}
          empty="It has no rows."
        />
      </Panel>
    </>
  );
}

const columns: TableColumn<TableRows>[] = [
  { key: 'table', header: 'Table', render: ({ table }) => <span className="mono">{table}</span> },
  { key: 'rows', header: 'Rows', align: 'end', render: ({ rows }) => formatNumber(rows) },
];
