import './node-version.mjs';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Packs libs/runtime as `@tierdeck/runtime`, for services that do not live in this repository: a file for
 * `npm install`. @returns its path.
 */
export function packRuntime(folder = join(root, 'dist/packages')) {
  const project = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { version, license, engines, dependencies, devDependencies } = project;
  const work = join(folder, 'runtime');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'dist'), { recursive: true });
  const out = join(work, 'dist');
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.runtime.json', '--outDir', out]);
  const entry = (name) => ({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` });
  const manifest = {
    name: '@tierdeck/runtime',
    version,
    description: 'Tierdeck inside a service: tenants, admission, scoped queries.',
    license,
    type: 'module',
    engines,
    exports: { '.': entry('index'), './nest': entry('nest') },
    files: ['dist'],
    dependencies: { pg: dependencies.pg, '@types/pg': devDependencies['@types/pg'] },
    // What of these a service uses is its own choice.
    peerDependencies: { fastify: '^5', '@nestjs/common': '^11', '@nestjs/core': '^11' },
    peerDependenciesMeta: {
      fastify: { optional: true },
      '@nestjs/common': { optional: true },
      '@nestjs/core': { optional: true },
    },
  };
  writeFileSync(join(work, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(root, 'LICENSE'), join(work, 'LICENSE'));
  copyFileSync(join(root, 'docs/guide/runtime.md'), join(work, 'README.md'));
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  run(npm, ['pack', work, '--pack-destination', folder, '--ignore-scripts']);
  rmSync(work, { recursive: true });
  return join(folder, `tierdeck-runtime-${version}.tgz`);
}

function run(command, args) {
  try {
    execFileSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`, { cause: error });
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2];
  process.stdout.write(`${packRuntime(folder === undefined ? undefined : resolve(folder))}\n`);
}
