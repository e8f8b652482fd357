import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDataPlane, type TestDataPlane } from '../support/distribution-tenants.js';
import { FakeControlPlane } from '../support/fake-control-plane.js';
import { freePort } from '../support/stack.js';

/** The service that the guide tells to write, as it stands there. */
describe('the service of the guide', () => {
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
    // In the project's folder, or "#runtime" would name nothing.
    file = `.hello-${process.pid}.mjs`;
    await writeFile(file, code);
    port = await freePort();
    service = spawn(
      process.execPath,
      ['--conditions=source', '--import', './test/support/swc-loader.mjs', file],
      {
        env: {
          PATH: process.env['PATH'],
          PORT: String(port),
          TIERDECK_URL: controlPlane.url,
          TIERDECK_RUNTIME_TOKEN: 'runtime',
          TIERDECK_DATA_DIR: dataDir,
        },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
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
