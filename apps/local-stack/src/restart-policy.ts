/** How a supervised process is started again and ended; all in milliseconds. */
export interface SupervisionTimes {
  /** Longest pause before the first start again; it doubles with each further end in a row. */
  firstBackoffMs: number;
  longestBackoffMs: number;
  /** A process that was ready for so long has recovered: its next end counts as the first one. */
  healthyAfterMs: number;
  /** It counts as failed if it has not said by then that it is ready. */
  startTimeoutMs: number;
  /** From SIGTERM to SIGKILL: a little more than a process allows itself for an orderly stop. */
  stopTimeoutMs: number;
}

export const supervisionTimes: SupervisionTimes = {
  firstBackoffMs: 250,
  longestBackoffMs: 15_000,
  healthyAfterMs: 30_000,
  startTimeoutMs: 60_000,
  stopTimeoutMs: 18_000,
};

/**
 * Pause before a start: exponential in the ends in a row, bounded, and half of it by chance, so that processes that
 * failed together for one cause do not come back together.
 * @param failures ends in a row, from 1.
 * @param random from 0 up to 1.
 */
export function backoffMs(
  failures: number,
  { firstBackoffMs, longestBackoffMs }: Pick<SupervisionTimes, 'firstBackoffMs' | 'longestBackoffMs'>,
  random: number = Math.random(),
): number {
  // Beyond 2^30 doublings change nothing but the risk of Infinity.
  const whole = Math.min(firstBackoffMs * 2 ** Math.min(failures - 1, 30), longestBackoffMs);
  return Math.round(whole / 2 + (whole / 2) * random);
}
