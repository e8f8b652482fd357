import './node-version.mjs';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import globalSetup from '../test/support/global-setup.mjs';
import globalTeardown from '../test/support/global-teardown.mjs';
import { build } from './build.mjs';
import { ensureChromium } from './chromium.mjs';

/** The performance suite: builds, installs the peers it compares with, and runs on a PostgreSQL of its own. */
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
await build();
if (!existsSync('test/bench/peers/node_modules/unleash-server')) {
  process.stderr.write('Installing the peers to compare with …\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: 'test/bench/peers',
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
await globalSetup();
const loader = ['--conditions=source', '--import', './test/support/swc-loader.mjs'];
const child = spawn(process.execPath, [...loader, 'test/bench/main.ts', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, TIERDECK_CHROMIUM: (await ensureChromium()) ?? '' },
});
const code = await new Promise((resolve) => child.once('exit', resolve));
await globalTeardown();
process.exit(code ?? 1);
