import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { scanReferences } from './scan-references.js';

it('finds keys as whole words in text files, and leaves dependencies and binaries out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tierdeck-scan-'));
  try {
    await mkdir(join(folder, 'src'));
    await mkdir(join(folder, 'node_modules'));
    await writeFile(
      join(folder, 'src', 'a.ts'),
      `const a = flag('pricing.engine');\nconst b = 'pricing.engine-v2';\n// as pricing.engine.\nx("b") + "pricing.engine" + 'pricing.engine'\n`,
    );
    await writeFile(join(folder, 'node_modules', 'b.js'), `flag('pricing.engine')`);
    await writeFile(join(folder, 'c.bin'), Buffer.from(`\0pricing.engine`));
    const { files, references } = await scanReferences(folder, ['pricing.engine', 'allocation.engine']);
    expect(files).toBe(1);
    expect(references).toEqual(
      [1, 3, 4].map((line) => ({
        flag: 'pricing.engine',
        path: 'src/a.ts',
        line,
        excerpt: expect.stringContaining('pricing.engine'),
      })),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
