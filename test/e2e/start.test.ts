import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort, TestStack } from '../support/stack.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

/** Processes of this machine that name a folder in their command line or environment. */
async function processesOf(dataDir: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const env = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return command.includes(dataDir) || env.includes(`TIERDECK_DATA_DIR=${dataDir}\0`)
        ? [`${pid} ${command}`]
        : [];
    }),
  );
  return found.flat();
}

async function postmaster(stack: TestStack): Promise<number> {
  const file = await readFile(join(stack.dataDir, 'postgres/postmaster.pid'), 'utf8');
  return Number(file.split('\n')[0]);
}

async function revision(stack: TestStack): Promise<number> {
  const ready = (await (await fetch(`${stack.url}/readyz`)).json()) as { revision: number };
  return ready.revision;
}

describe('npm start', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.start();
  }, 180_000);

  afterAll(() => stack.remove());

  it('prints the tenants with tiers and databases, the addresses and where the token lies', () => {
    expect(stack.output).toMatch(/northwind\s+shared\s+active\s+tierdeck_pool\s+pooled/);
    expect(stack.output).toMatch(/wide-world-importers\s+hybrid\s+active\s+tierdeck_pool\s+own process/);
    expect(stack.output).toMatch(/albion-gifts\s+dedicated\s+active\s+tenant_albion_gifts\s+own process/);
    expect(stack.output).toContain(stack.url);
    expect(stack.output).toContain('admin-token');
  });

  it('gives one line for a data directory in use and for a taken port', async () => {
    const second = await TestStack.spawn({ dataDir: stack.dataDir });
    expect(await second.ended()).toBe(1);
    expect(second.output.trim().split('\n')).toHaveLength(1);
    expect(second.output).toMatch(/^DATA_DIR_IN_USE: .* is in use by process \d+\. .*TIERDECK_DATA_DIR/);

    const third = await TestStack.spawn({ ports: { ...stack.ports, postgres: await freePort() } });
    expect(await third.ended()).toBe(1);
    expect(third.output).toMatch(/^PORT_TAKEN: Port \d+ is taken .*TIERDECK_PORT to a free port\.\n$/);
    await third.remove();
  });

  it('starts a killed PostgreSQL again, and goes on', async () => {
    const before = await revision(stack);
    process.kill(await postmaster(stack), 'SIGKILL');
    await stack.says('"service":"postgres"');
    await until(() =>
      revision(stack).then(
        (after) => after === before,
        () => false,
      ),
    );
    const answer = await stack.graphql('mutation { createToken(input: { name: "x", role: viewer }) { id } }');
    expect(answer.errors).toBeUndefined();
    expect(await revision(stack)).toBe(before + 1);
  });

  it('starts again on the same data, changes nothing, and leaves no process when stopped', async () => {
    const before = await revision(stack);
    expect(await stack.stop('SIGTERM')).toBe(0);
    expect(await processesOf(stack.dataDir)).toEqual([]);

    stack = await TestStack.start({ dataDir: stack.dataDir, ports: stack.ports });
    expect(await revision(stack)).toBe(before);
    expect(await stack.stop('SIGINT')).toBe(0);
    expect(await processesOf(stack.dataDir)).toEqual([]);
  }, 120_000);

  it('takes its children along when it is killed, and recovers from that', async () => {
    stack = await TestStack.start({ dataDir: stack.dataDir, ports: stack.ports });
    const before = await revision(stack);
    stack.child.kill('SIGKILL');
    stack = await TestStack.start({ dataDir: stack.dataDir, ports: stack.ports });
    expect(await revision(stack)).toBe(before);
  }, 120_000);
});

describe('npm start, refused', () => {
  it('names a wrong variable', async () => {
    const stack = await TestStack.spawn({ env: { TIERDECK_PORT: 'eighty' } });
    expect(await stack.ended()).toBe(1);
    expect(stack.output).toMatch(/^CONFIGURATION_INVALID: TIERDECK_PORT: .*\n$/);
    await stack.remove();
  });

  it('names a PostgreSQL that does not answer', async () => {
    const stack = await TestStack.spawn({
      env: { TIERDECK_DATABASE_URL: `postgres://nobody:nothing@127.0.0.1:${await freePort()}/none` },
    });
    expect(await stack.ended()).toBe(1);
    expect(stack.output).toContain('DATABASE_UNREACHABLE');
    expect(stack.output).not.toContain('nothing');
    await stack.remove();
  });

  it('refuses an unsupported Node in one line', async () => {
    const fake = `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '18.20.0' })`;
    const refused = run(process.execPath, ['--import', fake, 'scripts/start.mjs']);
    await expect(refused).rejects.toMatchObject({
      code: 1,
      stderr: 'Tierdeck needs Node 20.19 or newer; this is Node 18.20.0.\n',
    });
  });

  it('refuses a taken PostgreSQL port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const ports = { control: await freePort(), distribution: await freePort(), postgres: port };
    const stack = await TestStack.spawn({ ports });
    expect(await stack.ended()).toBe(1);
    expect(stack.output).toContain('TIERDECK_POSTGRES_PORT');
    await stack.remove();
    server.close();
  });
});
