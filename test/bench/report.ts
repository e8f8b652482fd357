/** One line of the bench: what was measured, against what, and whether it reaches its goal. */
export interface Measurement {
  name: string;
  /** e.g. `5,300 req/s, p99 7 ms`. */
  ours: string;
  /** The same work by the peer, or the same work without the feature. */
  reference: string;
  ratio: number;
  goal: string;
  reached: boolean;
}

export function table(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ name, ours, reference, ratio, goal, reached }) => [
    reached ? '✓' : '✗',
    name,
    ours,
    reference,
    ratio.toFixed(2),
    goal,
  ]);
  const all = [['', 'what', 'Tierdeck', 'reference', 'ratio', 'goal'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
