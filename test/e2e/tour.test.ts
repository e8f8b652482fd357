import { spawn } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { freePort } from '../support/stack.js';

it('keeps every promise of the tour, on an instance of its own with small data', async () => {
  const child = spawn(process.execPath, ['scripts/tour.mjs'], {
    env: {
      ...process.env,
      // A port where nothing runs: the tour then starts its own instance.
      TIERDECK_PORT: String(await freePort()),
      TIERDECK_KIT_MAX_HISTORY: '3000',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining(' 0 broken') });
  for (const figure of ['onboarding, shared', 'from the switch to its effect', 'tenants exposed', 'p99']) {
    expect(said).toContain(figure);
  }
}, 300_000);
