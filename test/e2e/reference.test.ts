import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const run = promisify(execFile);

it('finds the references as the sources would have them, and no command in the guide that there is not', async () => {
  const outcome = await run(process.execPath, ['scripts/reference.mjs', '--check']).then(
    () => '',
    ({ stderr }: { stderr: string }) => stderr,
  );
  expect(outcome).toBe('');
});
