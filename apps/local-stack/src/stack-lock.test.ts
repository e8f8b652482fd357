import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StackLock } from './stack-lock.js';

describe('the lock of a data directory', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tierdeck-lock-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const file = (): string => join(folder, 'stack.lock');

  it('is held by one at a time, and leaves nothing behind', async () => {
    const lock = await StackLock.take(folder);
    expect(lock.recovered).toBe(false);
    await expect(StackLock.take(folder)).rejects.toMatchObject({ code: 'DATA_DIR_IN_USE' });
    expect(await readdir(folder)).toEqual(['stack.lock']);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['of a process that is gone', '4194304 1\n'],
    ['of an earlier process with the same number', `${process.pid} 1\n`],
    ['that is empty', ''],
  ])('takes over one %s', async (_, content) => {
    await writeFile(file(), content);
    expect((await StackLock.take(folder)).recovered).toBe(true);
    expect(await readdir(folder)).toEqual(['stack.lock']);
  });

  it('goes to one of several that want it at once, also after a kill', async () => {
    for (let round = 0; round < 20; round++) {
      if (round % 2 === 1) await writeFile(file(), '4194304 1\n');
      const all = await Promise.allSettled(Array.from({ length: 4 }, () => StackLock.take(folder)));
      expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await rm(file());
    }
  });
});
