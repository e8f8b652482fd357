import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ApiClient } from '#api-client';
import { freePort } from '../support/stack.js';

export const adminToken = 'bench-admin-token-of-this-run';

/** Hundreds of flags in one mutation take a slow machine a while. */
const patienceMs = 120_000;

/** The built control plane in a process of its own, as in production: no loader, no test code. */
export class ControlPlaneProcess {
  readonly api: ApiClient;

  private child!: ChildProcess;

  private constructor(
    private readonly port: number,
    private readonly dataDir: string,
    private readonly databaseUrl: string,
    private readonly env: Record<string, string>,
    private readonly nodeArgs: readonly string[],
  ) {
    this.api = new ApiClient(this.url, adminToken, patienceMs);
  }

  /** @param nodeArgs of Node itself, e.g. a module to load first. */
  static async start(
    databaseUrl: string,
    env: Record<string, string> = {},
    nodeArgs: readonly string[] = [],
  ): Promise<ControlPlaneProcess> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-bench-'));
    const started = new ControlPlaneProcess(await freePort(), dataDir, databaseUrl, env, nodeArgs);
    await started.#spawn();
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Kills it without a word. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended();
  }

  /** Starts it anew at the same address; the process before has ended. */
  startAgain(): Promise<void> {
    return this.#spawn();
  }

  async #spawn(): Promise<void> {
    const child = spawn(process.execPath, [...this.nodeArgs, 'dist/apps/control-plane/src/main.js'], {
      env: {
        ...process.env,
        NODE_ENV: 'production',
        TIERDECK_DATABASE_URL: this.databaseUrl,
        TIERDECK_DATA_DIR: this.dataDir,
        TIERDECK_PORT: String(this.port),
        TIERDECK_ADMIN_TOKEN: adminToken,
        TIERDECK_TENANTS_DIR: join(this.dataDir, 'none'),
        TIERDECK_LOG_LEVEL: 'error',
        ...this.env,
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new Error('the control plane did not start')));
    });
  }

  /** Runs SQL beside the process, for what a bench needs much of. */
  async query(sql: string, parameters: unknown[]): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      await client.query(sql, parameters);
    } finally {
      await client.end();
    }
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** To a module that was loaded first. */
  send(message: Record<string, unknown>): void {
    this.child.send(message);
  }

  /** Resolves when the process has ended, however. */
  async ended(): Promise<void> {
    if (!this.alive) return;
    await new Promise((resolve) => this.child.once('exit', resolve));
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
