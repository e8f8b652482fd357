import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/stack.js';

const adminToken = 'bench-admin-token-of-this-run';

/** The built control plane in a process of its own, as in production: no loader, no test code. */
export class ControlPlaneProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly dataDir: string,
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<ControlPlaneProcess> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-bench-'));
    const port = await freePort();
    const child = spawn(process.execPath, ['dist/apps/control-plane/src/main.js'], {
      env: {
        ...process.env,
        NODE_ENV: 'production',
        TIERDECK_DATABASE_URL: databaseUrl,
        TIERDECK_DATA_DIR: dataDir,
        TIERDECK_PORT: String(port),
        TIERDECK_ADMIN_TOKEN: adminToken,
        TIERDECK_TENANTS_DIR: join(dataDir, 'none'),
        TIERDECK_LOG_LEVEL: 'error',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new Error('the control plane did not start')));
    });
    return new ControlPlaneProcess(child, dataDir, `http://127.0.0.1:${port}`);
  }

  async change<T>(mutation: string, input: Record<string, unknown>, fields: string): Promise<T> {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` },
      body: JSON.stringify({
        query: `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${fields} } }`,
        variables: { input },
      }),
    });
    const { data, errors } = (await response.json()) as { data?: Record<string, T>; errors?: unknown };
    if (!data || errors) throw new Error(JSON.stringify(errors));
    return data[mutation] as T;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
