import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ControlPlaneProcess } from '../bench/control-plane-process.js';
import { restartUnder } from '../bench/flag-restart.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** The same with 1,000 SDKs is the part `flag-restart` of the bench. */
const sdkCount = 200;

let scratch: TestDatabase;
let controlPlane: ControlPlaneProcess;

beforeAll(async () => {
  scratch = await createTestDatabase('control-plane');
  controlPlane = await ControlPlaneProcess.start(scratch.url);
});
afterAll(async () => {
  await controlPlane?.stop();
  await scratch?.drop();
});

it('a control plane that is killed and started again finds every SDK back, none of which saw a wrong value', async () => {
  const { wrong, back, reopened } = await restartUnder(controlPlane, sdkCount, 2);
  expect({ wrong, back }).toEqual({ wrong: 0, back: sdkCount });
  // Every stream at least once.
  expect(reopened).toBeGreaterThanOrEqual(sdkCount / 2);
}, 120_000);
