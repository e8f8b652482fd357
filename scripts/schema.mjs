import './node-version.mjs';
import { spawnSync } from 'node:child_process';

/** Writes schema.graphql from the resolvers. */
const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];
const { status } = spawnSync(process.execPath, [...jest, 'test/e2e/schema.test.ts'], {
  env: { ...process.env, TIERDECK_UPDATE_SCHEMA: '1' },
  stdio: 'inherit',
});
process.exit(status ?? 1);
