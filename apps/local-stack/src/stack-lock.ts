import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TierdeckError } from '#platform';

/** Holds a data directory for one stack: two of them on one database directory would fight over its processes. */
export class StackLock {
  private constructor(
    private readonly file: string,
    /** The holder before was killed: what it had started may still be ending. */
    readonly recovered: boolean,
  ) {}

  /** @throws TierdeckError DATA_DIR_IN_USE, naming the process that holds it. */
  static async take(dataDir: string): Promise<StackLock> {
    await mkdir(dataDir, { recursive: true, mode: 0o755 });
    const file = join(dataDir, 'stack.lock');
    const mine = `${process.pid} ${await startTime(process.pid)}\n`;
    for (let recovered = false; ; recovered = true) {
      try {
        await writeFile(file, mine, { flag: 'wx' });
        return new StackLock(file, recovered);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const [pid, started] = (await readFile(file, 'utf8').catch(() => '')).trim().split(' ');
      if (pid && (await isAlive(Number(pid), started))) {
        const message = `The data directory ${dataDir} is in use by process ${pid}.`;
        throw new TierdeckError('DATA_DIR_IN_USE', message, 500, {
          hint: 'Stop that process, or set TIERDECK_DATA_DIR to another folder.',
        });
      }
      await rm(file, { force: true });
    }
  }

  async release(): Promise<void> {
    await rm(this.file, { force: true });
  }
}

async function isAlive(pid: number, started: string | undefined): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return (await startTime(pid)) === started;
}

/** When a process began, in clock ticks since boot: tells a process from a later one with the same number. */
async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown';
}
