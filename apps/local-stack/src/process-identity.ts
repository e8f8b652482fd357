import { readFileSync } from 'node:fs';

/** Where the system does not tell, or there is no such process. */
export const unknownStart = 'unknown';

/** When a process began, in clock ticks since boot; tells it from a later one with the same number. */
export function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // One that ended and that nobody has collected is gone, though it still has its number.
    return /^[ZX]/.test(state) ? 'ended' : (rest[18] ?? unknownStart);
  } catch {
    return unknownStart;
  }
}

/** Whether the very process lives that began then. */
export function isAlive(pid: number, started: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return startTime(pid) === started;
}
