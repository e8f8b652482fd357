import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const run = promisify(execFile);

it('finds docs/reference/cli.md and errors.md as the sources would have them', async () => {
  const outcome = await run(process.execPath, ['scripts/reference.mjs', '--check']).then(
    () => '',
    ({ stderr }: { stderr: string }) => stderr,
  );
  expect(outcome).toBe('');
});
