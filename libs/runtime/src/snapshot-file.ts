import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RuntimeSnapshot } from './wire.js';

/** The last good snapshot on disk. It holds database passwords, hence mode 0600. */
export class SnapshotFile {
  #writing: Promise<void> = Promise.resolve();

  constructor(readonly path: string) {}

  /** @returns undefined if there is none, or none that can be read. */
  async read(): Promise<RuntimeSnapshot | undefined> {
    try {
      const snapshot: unknown = JSON.parse(await readFile(this.path, 'utf8'));
      return isSnapshot(snapshot) ? snapshot : undefined;
    } catch {
      return undefined;
    }
  }

  /** Replaces the file whole: a crash leaves the old or the new one. Calls are carried out one after the other. */
  write(snapshot: RuntimeSnapshot): Promise<void> {
    this.#writing = this.#writing.then(
      () => this.#replace(snapshot),
      () => this.#replace(snapshot),
    );
    return this.#writing;
  }

  /** Waits for the writes under way, whatever becomes of them. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  async #replace(snapshot: RuntimeSnapshot): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    const temporary = `${this.path}.${randomBytes(4).toString('hex')}`;
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(JSON.stringify(snapshot));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

/** Whether a value has the shape that the runtime relies on. */
export function isSnapshot(value: unknown): value is RuntimeSnapshot {
  const snapshot = value as Partial<RuntimeSnapshot> | null;
  return (
    typeof snapshot === 'object' &&
    snapshot !== null &&
    Number.isSafeInteger(snapshot.revision) &&
    Array.isArray(snapshot.tenants) &&
    Array.isArray(snapshot.databases) &&
    snapshot.tenants.every(
      (t) => typeof t.id === 'string' && Array.isArray(t.tokenHashes) && Array.isArray(t.quotas),
    )
  );
}
