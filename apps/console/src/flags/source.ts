/** Where a value comes from, as people say it. */
export function sourceText(source: string): string {
  if (source === 'DEFAULT') return 'default';
  if (source === 'KILLED') return 'flag is off';
  if (source === 'ARCHIVED') return 'flag is archived';
  const [kind, ...key] = source.split(/[ :]/);
  if (kind === 'ENVIRONMENT') return 'rule for everybody';
  return `rule for ${kind?.toLowerCase()} ${key.join(' ')}`.trim();
}
