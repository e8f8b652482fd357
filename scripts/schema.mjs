import './node-version.mjs';
import { spawnSync } from 'node:child_process';

/** Writes schema.graphql from the resolvers, and from that the types of the console's documents. */
const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];
const { status } = spawnSync(process.execPath, [...jest, 'test/e2e/schema.test.ts'], {
  env: { ...process.env, TIERDECK_UPDATE_SCHEMA: '1' },
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
const tada = [
  'node_modules/gql.tada/bin/cli.js',
  'generate-output',
  '--tsconfig',
  'apps/console/tsconfig.json',
];
process.exit(spawnSync(process.execPath, tada, { stdio: 'inherit' }).status ?? 1);
