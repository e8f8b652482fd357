import styles from './labels.module.css';

/** Labels of an object, as `key=value`. */
export function Labels({ labels, wrap }: { labels: unknown; wrap?: boolean }) {
  const entries = labels && typeof labels === 'object' ? Object.entries(labels) : [];
  if (entries.length === 0) return <span className="faint">—</span>;
  return (
    <span className={`${styles['labels']} ${wrap ? styles['wrap'] : ''}`}>
      {entries.map(([key, value]) => (
        <span key={key} className={styles['label']}>
          <span className="faint">{key}=</span>
          {String(value)}
        </span>
      ))}
    </span>
  );
}
