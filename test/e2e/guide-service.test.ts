import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDataPlane, type TestDataPlane } from '../support/distribution-tenants.js';
import { FakeControlPlane } from '../support/fake-control-plane.js';
import { freePort } from '../support/stack.js';

/** Where the service is written, and what starts it. */
interface Place {
  folder: string;
  /** What it calls the runtime. */
  runtime: string;
  arguments: readonly string[];
}

/** In the project's folder, where "#runtime" names something. */
async function inTheProject(): Promise<Place> {
  const source = ['--conditions=source', '--import', './test/support/swc-loader.mjs'];
  return { folder: '.', runtime: '#runtime', arguments: source };
}

/** In a folder of its own, with the package that `npm run pack-runtime` makes, as `npm install` puts it there. */
async function elsewhere(scratch: string): Promise<Place> {
  const script = ['scripts/pack-runtime.mjs', scratch];
  const file = execFileSync(process.execPath, script, { encoding: 'utf8' }).trim();
  const installed = join(scratch, 'node_modules/@tierdeck/runtime');
  await mkdir(installed, { recursive: true });
  execFileSync('tar', ['-xzf', file, '-C', installed, '--strip-components=1']);
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), 'fastify']) {
    const link = join(scratch, 'node_modules', name);
    await mkdir(join(link, '..'), { recursive: true });
    await symlink(resolve('node_modules', name), link);
  }
  return { folder: scratch, runtime: '@tierdeck/runtime', arguments: [] };
}

/** The service that the guide tells to write, as it stands there. */
describe.each([
  ['in the project', inTheProject],
  ['elsewhere', elsewhere],
])('the service of the guide, %s', (_where, placed) => {
  let data: TestDataPlane;
  let controlPlane: FakeControlPlane;
  let dataDir: string;
  let file: string;
  let service: ChildProcess;
  let port: number;

  beforeAll(async () => {
    data = await createTestDataPlane(['northwind']);
    controlPlane = new FakeControlPlane(data.snapshot);
    await controlPlane.start();
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-guide-'));
    const guide = await readFile('docs/guide/runtime.md', 'utf8');
    const [, code = ''] = /```js\n(import Fastify[\s\S]*?)```/.exec(guide) ?? [];
    const place = await placed(dataDir);
    file = join(place.folder, `.hello-${process.pid}.mjs`);
    await writeFile(file, code.replace(`'#runtime'`, `'${place.runtime}'`));
    port = await freePort();
    service = spawn(process.execPath, [...place.arguments, file], {
      env: {
        PATH: process.env['PATH'],
        PORT: String(port),
        TIERDECK_URL: controlPlane.url,
        TIERDECK_RUNTIME_TOKEN: 'runtime',
        TIERDECK_DATA_DIR: dataDir,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => service.once('exit', resolve));
    if (service.exitCode === null) {
      service.kill('SIGTERM');
      await ended;
    }
    await controlPlane.stop();
    await data.drop();
    await rm(dataDir, { recursive: true, force: true });
    await rm(file, { force: true });
  });

  const get = (path: string, token?: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });

  it('starts, serves a tenant and stops', async () => {
    for (let i = 0; i < 600 && !(await get('/healthz').catch(() => undefined))?.ok; i++) {
      if (service.exitCode !== null) throw new Error('the service of the guide ended');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const answer = await get('/accounts', data.tenants[0]?.token);
    expect(await answer.json()).toEqual({
      tenant: 'northwind',
      tier: 'SHARED',
      accounts: [
        { code: 'ACME', name: 'Acme' },
        { code: 'PARIS', name: 'Paris shop' },
        { code: 'WHOLE', name: 'Whole lines only' },
      ],
    });
    expect(answer.headers.has('ratelimit')).toBe(false);
    expect((await get('/accounts')).status).toBe(401);
    const ended = new Promise<number | null>((resolve) => service.once('exit', resolve));
    service.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
