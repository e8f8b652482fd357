import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TierdeckError } from '#platform';
import { isAlive, startTime } from './process-identity.js';

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
    const mine = `${file}.${process.pid}.${randomUUID()}`;
    await writeFile(mine, `${process.pid} ${startTime(process.pid)}\n`);
    const recovery = `${file}.recovery`;
    try {
      for (;;) {
        // A link appears with its content: nobody can take a lock that is being written for an abandoned one.
        if (await succeeds(link(mine, file), 'EEXIST')) return new StackLock(file, false);
        const seen = await refuseLiving(dataDir, file);
        // One at a time takes over an abandoned lock, and only the very one it saw.
        if (await succeeds(link(mine, recovery), 'EEXIST')) {
          try {
            if ((await content(file)) !== seen) continue;
            await rename(mine, file);
            return new StackLock(file, true);
          } finally {
            await rm(recovery, { force: true });
          }
        }
        if (await isHeld(await content(recovery))) await sleep(20);
        else await rm(recovery, { force: true });
      }
    } finally {
      await rm(mine, { force: true });
    }
  }

  async release(): Promise<void> {
    await rm(this.file, { force: true });
  }
}

/**
 * @returns the content of a lock whose holder is gone.
 * @throws TierdeckError DATA_DIR_IN_USE
 */
async function refuseLiving(dataDir: string, file: string): Promise<string> {
  const seen = await content(file);
  if (!(await isHeld(seen))) return seen;
  const message = `The data directory ${dataDir} is in use by process ${seen.split(' ')[0]}.`;
  throw new TierdeckError('DATA_DIR_IN_USE', message, 500, {
    hint: 'Stop that process, or set TIERDECK_DATA_DIR to another folder.',
  });
}

function content(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

async function isHeld(lock: string): Promise<boolean> {
  const [pid, started] = lock.trim().split(' ');
  return Boolean(pid) && isAlive(Number(pid), started);
}

/** @returns false if it fails with that one code. */
async function succeeds(work: Promise<void>, unless: string): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === unless) return false;
    throw error;
  }
}
