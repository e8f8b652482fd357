export interface Backoff {
  /** Pause after the first failure, in milliseconds. */
  baseMs: number;
  /** The longest pause, in milliseconds. */
  maxMs: number;
}

export const jobBackoff: Backoff = { baseMs: 1_000, maxMs: 10 * 60_000 };

/**
 * Pause before the next attempt: doubles with each failure up to the maximum, of which a random half is kept ("equal
 * jitter"), so that jobs that failed together do not come back together.
 * @param failures how often the job has failed, from 1.
 * @param random from 0 to below 1.
 */
export function retryDelayMs(
  failures: number,
  random: number,
  { baseMs, maxMs }: Backoff = jobBackoff,
): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 40));
  return Math.round(full / 2 + (full / 2) * random);
}
