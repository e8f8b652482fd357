import { formatDuration } from './format.js';
import { useNow } from './use-now.js';

/** How long something has been going on, or took. */
export function Elapsed({ from, to }: { from: string; to: string | null }) {
  const now = useNow(to ? 60_000 : 1_000);
  const end = to ? new Date(to).getTime() : now;
  return <>{formatDuration(Math.max(0, end - new Date(from).getTime()))}</>;
}
