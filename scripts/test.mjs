import './node-version.mjs';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { ensureChromium } from './chromium.mjs';

/**
 * Every check, in the order in which a failure is cheapest to find. All run even if one fails; the closing line counts
 * each static check as one.
 */
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'tierdeck-checks-'));
const total = { passed: 0, failed: 0, skipped: 0 };

const bin = (name) => `node_modules/${name}`;
await check('format', [bin('prettier/bin/prettier.cjs'), '--check', '.', '--log-level', 'warn']);
await check('lint', [bin('oxlint/bin/oxlint'), '--type-aware', '--disable-nested-config']);
await check('types', [bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json']);
await check('types of the console', [
  bin('typescript/bin/tsc'),
  '--noEmit',
  '-p',
  'apps/console/tsconfig.json',
]);
await check('dependency rules', [
  bin('dependency-cruiser/bin/dependency-cruise.mjs'),
  '--config',
  '.dependency-cruiser.cjs',
  'apps',
  'libs',
]);
await step('build', () => build());
const chromium = await ensureChromium();
if (!chromium) process.stdout.write('SKIPPED browser tests: no Chromium here, and none can be installed.\n');
await jest('unit, integration, security and fault tests', [
  '--testPathIgnorePatterns',
  '/node_modules/',
  '/dist/',
  '/apps/console/',
  '/test/e2e/',
]);
await jest('end-to-end tests', ['--runInBand', 'test/e2e'], { TIERDECK_CHROMIUM: chromium ?? '' });

rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed === 0 ? 0 : 1);

async function check(name, command) {
  await step(name, () => run(command));
}

async function step(name, work) {
  const startedAt = Date.now();
  try {
    await work();
    total.passed += 1;
    report('ok', name, startedAt);
  } catch (error) {
    total.failed += 1;
    report('FAILED', name, startedAt);
    process.stdout.write(`${error.message}\n`);
  }
}

async function jest(name, args, env = {}) {
  const startedAt = Date.now();
  const json = join(scratch, `${name.replaceAll(/\W+/g, '-')}.json`);
  const command = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    bin('jest/bin/jest.js'),
  ];
  await run([...command, '--json', `--outputFile=${json}`, ...args], env, true).catch(() => undefined);
  try {
    const result = JSON.parse(readFileSync(json, 'utf8'));
    total.passed += result.numPassedTests;
    total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    total.skipped += result.numPendingTests + result.numTodoTests;
    report(result.success ? 'ok' : 'FAILED', name, startedAt);
  } catch {
    total.failed += 1;
    report('FAILED', `${name}: the runner left no result`, startedAt);
  }
}

function report(verdict, name, startedAt) {
  process.stdout.write(`${verdict.padEnd(7)} ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`);
}

function run(args, env = {}, show = false) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (chunk) => {
      output = (output + chunk).slice(-20_000);
      if (show) process.stderr.write(chunk);
    };
    // Jest's JSON goes to a file and to stdout; only its report on stderr is worth showing.
    child.stdout.on('data', (chunk) => (show ? undefined : take(chunk)));
    child.stderr.on('data', take);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(output))));
  });
}
