import { Button } from '@mantine/core';
import { IconCircleCheck, IconDownload } from '@tabler/icons-react';
import { Badge } from '../components/badges.js';
import { CliLine } from '../components/states.js';
import { Facts } from '../components/facts.js';
import { counted, formatBytes, formatNumber } from '../components/format.js';
import { Panel } from '../components/page.js';
import { saveFile } from '../components/save-file.js';
import { Table, type TableColumn } from '../components/table.js';
import styles from './lifecycle.module.css';

interface Check {
  what: string;
  where: string;
  found: number;
}

/** What the control plane writes down when a tenant has been erased. */
interface Receipt {
  checks?: Check[];
  controlPlane?: { erased?: Record<string, number>; kept?: Record<string, number> };
  keysDestroyed?: unknown;
  export?: { rows?: number; storedBytes?: number; snapshotAt?: string } | null;
}

/** The proof that nothing of a tenant is left: everything that was looked for, where, and how much was found. */
export function ErasureReceipt({ slug, receipt }: { slug: string; receipt: unknown }) {
  const { checks = [], controlPlane, keysDestroyed, export: archive } = receipt as Receipt;
  const left = checks.reduce((sum, { found }) => sum + found, 0);
  return (
    <Panel
      title="Erasure receipt"
      actions={
        <Button
          variant="default"
          leftSection={<IconDownload size={14} />}
          onClick={() =>
            saveFile(`${slug}-erasure-receipt.json`, new Blob([`${JSON.stringify(receipt, null, 2)}\n`]))
          }
        >
          Save as JSON
        </Button>
      }
    >
      <div className={styles['receipt']}>
        <div className={styles['verdict']} data-clean={left === 0} role="status">
          <IconCircleCheck size={20} stroke={1.8} aria-hidden="true" />
          <span>
            {checks.length} things were looked for, <b className="num">{formatNumber(left)}</b> found.
          </span>
        </div>
        <div className={styles['bleed']}>
          <Table
            label="What was looked for"
            rows={checks}
            columns={columns}
            rowKey={({ what, where }) => `${what} ${where}`}
          />
        </div>
        <Facts
          entries={[
            ['Keys destroyed', countOf(keysDestroyed)],
            [
              'Last archive',
              archive &&
                `${counted(archive.rows ?? 0, 'row')}, ${formatBytes(archive.storedBytes ?? 0)}; unreadable since the key is gone`,
            ],
            ['Erased in the control plane', counts(controlPlane?.erased)],
            ['Kept as history', counts(controlPlane?.kept)],
          ]}
        />
        <CliLine command={`tierdeck tenant receipt ${slug}`} />
      </div>
    </Panel>
  );
}

const columns: TableColumn<Check>[] = [
  { key: 'what', header: 'Looked for', render: ({ what }) => what.charAt(0).toUpperCase() + what.slice(1) },
  { key: 'where', header: 'Where', render: ({ where }) => <span className="mono dim">{where}</span> },
  {
    key: 'found',
    header: 'Found',
    align: 'end',
    render: ({ found }) => (
      <Badge tone={found === 0 ? 'good' : 'bad'} dot plain>
        {formatNumber(found)}
      </Badge>
    ),
  },
];

function countOf(value: unknown): string | undefined {
  if (typeof value === 'number') return formatNumber(value);
  return Array.isArray(value) ? formatNumber(value.length) : undefined;
}

/** `unit 12, usage minute 40`; tables without rows are left out. */
function counts(tables: Record<string, number> | undefined): string | undefined {
  const filled = Object.entries(tables ?? {}).filter(([, count]) => count > 0);
  return filled.map(([table, count]) => `${table.replaceAll('_', ' ')} ${formatNumber(count)}`).join(', ');
}
