import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stampFile = join(root, 'dist/.build-stamp');

/** Builds services and console into dist/, unless dist/ already holds this very source. */
export async function build({ quiet = false, force = false } = {}) {
  const stamp = sourceStamp();
  if (!force && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return false;
  if (!quiet) process.stderr.write('Building (only after a change of the source) …\n');
  await Promise.all([
    // One program for all services: the output of `nest build --all`, without compiling the libs once per app.
    run('node_modules/typescript/bin/tsc', ['-p', 'tsconfig.build.json']),
    run('node_modules/vite/bin/vite.js', [
      'build',
      '--config',
      'apps/console/vite.config.ts',
      '--logLevel',
      'warn',
    ]),
  ]);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampFile, stamp);
  return true;
}

/** Digest over name, size and content of every source file. */
function sourceStamp() {
  const hash = createHash('sha256').update(process.version);
  for (const top of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'schema.graphql']) {
    if (existsSync(join(root, top))) hash.update(readFileSync(join(root, top)));
  }
  for (const folder of ['apps', 'libs']) visit(join(root, folder), hash);
  return hash.digest('hex');
}

function visit(path, hash) {
  for (const name of readdirSync(path).sort()) {
    const child = join(path, name);
    if (name === 'node_modules' || name.endsWith('.test.ts')) continue;
    if (statSync(child).isDirectory()) visit(child, hash);
    else hash.update(child.slice(root.length)).update(readFileSync(child));
  }
}

function run(bin, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, bin), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${bin} ${args.join(' ')} ended with ${code}\n${output}`)),
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  build({ force: process.argv.includes('--force') }).catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
}
