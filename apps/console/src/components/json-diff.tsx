import styles from './json-diff.module.css';

interface Line {
  path: string;
  before: unknown;
  after: unknown;
}

/** Values as paths, so that two states can be laid side by side. */
function flatten(value: unknown, path = '', into = new Map<string, unknown>()): Map<string, unknown> {
  if (value !== null && typeof value === 'object' && Object.keys(value).length > 0) {
    for (const [key, child] of Object.entries(value)) {
      flatten(child, path ? `${path}.${key}` : key, into);
    }
  } else if (value !== null && value !== undefined) into.set(path, value);
  return into;
}

export function diffLines(before: unknown, after: unknown): Line[] {
  const [old, fresh] = [flatten(before), flatten(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .map((path) => ({ path, before: old.get(path), after: fresh.get(path) }))
    .sort((a, b) => a.path.localeCompare(b.path));
}

const show = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** What was and what is, one property a line; unchanged ones stay grey. */
export function JsonDiff({ before, after }: { before: unknown; after: unknown }) {
  const lines = diffLines(before, after);
  if (lines.length === 0) return <div className="faint">This event carries no state.</div>;
  return (
    <div className={styles['diff']} role="table" aria-label="Change">
      {lines.map((line) => (
        <div key={line.path} role="row" className={styles['line']}>
          <span role="cell" className={styles['path']}>
            {line.path || 'value'}
          </span>
          <span role="cell">
            {show(line.before) === show(line.after) ? (
              <span className="faint">{show(line.after)}</span>
            ) : (
              <>
                {line.before !== undefined && <del>{show(line.before)}</del>}
                {line.after !== undefined && <ins>{show(line.after)}</ins>}
              </>
            )}
          </span>
        </div>
      ))}
    </div>
  );
}
