import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, startTime, unknownStart } from './process-identity.js';

/**
 * Which process a supervisor started under a name, in a file: a supervisor that was killed finds its former children
 * there. They end by themselves when they lose it, but only if they still can.
 */
export class ChildRecord {
  readonly #file: string;

  constructor(
    private readonly dataDir: string,
    readonly name: string,
  ) {
    this.#file = join(folderOf(dataDir), `${name}.pid`);
  }

  /** Names under which a former supervisor has left a record. */
  static names(dataDir: string): string[] {
    try {
      return readdirSync(folderOf(dataDir)).flatMap((file) =>
        file.endsWith('.pid') ? [file.slice(0, -'.pid'.length)] : [],
      );
    } catch {
      return [];
    }
  }

  /** Written in the same turn in which the child was spawned, whole or not at all. */
  write(pid: number): void {
    mkdirSync(folderOf(this.dataDir), { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#file}.new`, `${pid} ${startTime(pid)}\n`, { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }

  clear(): void {
    rmSync(this.#file, { force: true });
  }

  /** Ends the child of a former supervisor, if it still lives: it may drain, then it is killed. */
  async endFormer(stopTimeoutMs: number): Promise<void> {
    const [pid, started] = this.#read();
    // Without its start time a process cannot be told from a stranger: then it is left to end by itself.
    if (pid !== undefined && started !== undefined && started !== unknownStart) {
      const deadline = performance.now() + stopTimeoutMs;
      signal(pid, started, 'SIGTERM');
      while (isAlive(pid, started)) {
        if (performance.now() > deadline) signal(pid, started, 'SIGKILL');
        await sleep(20);
      }
    }
    this.clear();
  }

  #read(): [pid?: number, started?: string | undefined] {
    try {
      const [pid, started] = readFileSync(this.#file, 'utf8').trim().split(' ');
      return Number(pid) > 1 ? [Number(pid), started] : [];
    } catch {
      return [];
    }
  }
}

function folderOf(dataDir: string): string {
  return join(dataDir, 'run');
}

function signal(pid: number, started: string, name: NodeJS.Signals): void {
  if (!isAlive(pid, started)) return;
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between, or belongs to somebody else by now.
  }
}
