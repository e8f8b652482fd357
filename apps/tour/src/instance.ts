import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ControlPlane } from './control-plane.js';
import { DataPlane } from './data-plane.js';

const stackEntry = fileURLToPath(new URL('../../local-stack/src/main.js', import.meta.url));

/** The Tierdeck that the tour shows: one that runs already, else one of its own that goes when the tour ends. */
export class Instance {
  private constructor(
    readonly controlPlane: ControlPlane,
    private readonly distributionUrl: string,
    private readonly dataDir: string,
    private readonly own: ChildProcess | undefined,
  ) {}

  static async find(write: (line: string) => void): Promise<Instance> {
    const dataDir = resolve(process.env['TIERDECK_DATA_DIR'] ?? '.tierdeck');
    const url = `http://127.0.0.1:${process.env['TIERDECK_PORT'] ?? 4000}`;
    if (await isReady(url)) {
      const distribution = `http://127.0.0.1:${process.env['TIERDECK_DISTRIBUTION_PORT'] ?? 4100}`;
      write(`Touring the Tierdeck that runs at ${url}.`);
      return new Instance(await controlPlane(url, dataDir), distribution, dataDir, undefined);
    }
    write('No Tierdeck runs here: starting one for the tour (its data goes when the tour ends) …');
    return Instance.#start();
  }

  static async #start(): Promise<Instance> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-tour-'));
    // PostgreSQL may run as a system user of its own, who must be able to enter.
    await chmod(dataDir, 0o755);
    const [port, distributionPort, postgresPort] = [await freePort(), await freePort(), await freePort()];
    const child = spawn(process.execPath, [stackEntry], {
      env: {
        ...process.env,
        TIERDECK_DATA_DIR: dataDir,
        TIERDECK_PORT: String(port),
        TIERDECK_DISTRIBUTION_PORT: String(distributionPort),
        TIERDECK_POSTGRES_PORT: String(postgresPort),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await new Promise<void>((done, reject) => {
      let said = '';
      const listen = (chunk: Buffer): void => {
        said += chunk.toString();
        if (said.includes('Ready in')) done();
      };
      child.stdout.on('data', listen);
      child.stderr.on('data', listen);
      child.once('exit', () => reject(new Error(`it did not start:\n${said}`)));
    });
    const url = `http://127.0.0.1:${port}`;
    return new Instance(
      await controlPlane(url, dataDir),
      `http://127.0.0.1:${distributionPort}`,
      dataDir,
      child,
    );
  }

  /** The data plane with a token of the tenant. */
  async dataPlane(slug: string): Promise<DataPlane> {
    const kept = await readFile(join(this.dataDir, 'tenant-tokens', slug), 'utf8').catch(() => undefined);
    return new DataPlane(this.distributionUrl, kept?.trim() ?? (await this.#newToken(slug)));
  }

  async close(): Promise<void> {
    if (!this.own) return;
    const ended = new Promise((done) => this.own?.once('exit', done));
    this.own.kill('SIGTERM');
    await ended;
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async #newToken(tenant: string): Promise<string> {
    const { secret } = await this.controlPlane.change<{ secret: string }>(
      'createTenantToken',
      { tenant, name: 'tour' },
      'secret',
    );
    return secret;
  }
}

async function controlPlane(url: string, dataDir: string): Promise<ControlPlane> {
  const token =
    process.env['TIERDECK_ADMIN_TOKEN'] ?? (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
  return new ControlPlane(url, token);
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

function freePort(): Promise<number> {
  return new Promise((done, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}
