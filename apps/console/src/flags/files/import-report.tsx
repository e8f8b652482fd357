import { Link } from '@tanstack/react-router';
import { Badge } from '../../components/badges.js';
import { counted, formatNumber, sentence } from '../../components/format.js';
import { Notice } from '../../components/notice.js';
import { Panel } from '../../components/page.js';
import { Table, type TableColumn } from '../../components/table.js';
import styles from './files.module.css';
import type { ImportReport } from './files.query.js';

const keysShown = 200;
const formats: Record<string, string> = {
  EXPORT: 'an export of Unleash',
  CLIENT_STATE: 'a state as SDKs get it',
};

/** What an import makes of a file, or would make of it: what maps, what does not, and why. */
export function ImportResult({ report, environment }: { report: ImportReport; environment: string }) {
  const { created, updated, notes, dryRun, format } = report;
  const skipped = notes.filter(({ outcome }) => outcome === 'SKIPPED').length;
  const verb = dryRun ? 'would be' : 'are';
  return (
    <>
      <Notice
        tone={skipped > 0 ? 'warn' : 'good'}
        title={`${counted(created.length, 'flag')} ${created.length === 1 && !dryRun ? 'is' : verb} created and ${formatNumber(updated.length)} updated in ${environment}`}
      >
        The file is {formats[format] ?? format}.{' '}
        {notes.length === 0
          ? 'Everything maps as it is.'
          : `${counted(notes.length, 'note')}, ${formatNumber(skipped)} not taken over.`}
        {dryRun && ' Nothing is written yet.'}
      </Notice>
      {notes.length > 0 && (
        <Panel title="What is not as it was there" flush>
          <Table
            label="Notes of the import"
            rows={notes.map((note, index) => ({ ...note, index }))}
            columns={noteColumns}
            rowKey={({ index }) => String(index)}
          />
        </Panel>
      )}
      <Keys title={dryRun ? 'Would be created' : 'Created'} keys={created} link={!dryRun} />
      <Keys title={dryRun ? 'Would be updated' : 'Updated'} keys={updated} link />
    </>
  );
}

const noteColumns: TableColumn<ImportReport['notes'][number]>[] = [
  { key: 'what', header: 'What', render: ({ subject }) => <span className="mono">{subject}</span> },
  {
    key: 'outcome',
    header: 'Outcome',
    render: ({ outcome }) => <Badge tone={outcome === 'SKIPPED' ? 'bad' : 'warn'}>{sentence(outcome)}</Badge>,
  },
  { key: 'why', header: 'Why', render: ({ message }) => message },
];

function Keys({ title, keys, link }: { title: string; keys: readonly string[]; link: boolean }) {
  if (keys.length === 0) return null;
  return (
    <Panel title={`${title}: ${formatNumber(keys.length)}`}>
      <ul className={`mono ${styles['keys']}`} aria-label={title}>
        {keys.slice(0, keysShown).map((key) => (
          <li key={key}>
            {link ? (
              <Link to="/flags/$key" params={{ key }}>
                {key}
              </Link>
            ) : (
              key
            )}
          </li>
        ))}
        {keys.length > keysShown && (
          <li className="faint">and {formatNumber(keys.length - keysShown)} more</li>
        )}
      </ul>
    </Panel>
  );
}
