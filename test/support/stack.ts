import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface StackOptions {
  /** Manifests to apply; default the project's own. */
  tenantsDir?: string;
  /** Starts again on what an earlier stack left. */
  dataDir?: string;
  ports?: StackPorts;
  env?: Record<string, string>;
}

export interface StackPorts {
  control: number;
  distribution: number;
  postgres: number;
}

interface GraphqlAnswer<T> {
  data: T | null;
  errors?: { message: string; extensions: { code: string; hint?: string } }[];
}

/** A whole Tierdeck as `npm start` runs it, on ports and in a data directory of its own. */
export class TestStack {
  output = '';

  private constructor(
    readonly child: ChildProcess,
    readonly dataDir: string,
    readonly ports: StackPorts,
  ) {}

  /** Resolves when it says that it is ready; history is capped so that the large kit loads quickly. */
  static async start(options: StackOptions = {}): Promise<TestStack> {
    const stack = await TestStack.spawn(options);
    await stack.says('Ready in');
    return stack;
  }

  /** Starts the processes without waiting. */
  static async spawn(options: StackOptions = {}): Promise<TestStack> {
    const dataDir = options.dataDir ?? (await scratchFolder());
    const ports = options.ports ?? {
      control: await freePort(),
      distribution: await freePort(),
      postgres: await freePort(),
    };
    const child = spawn(process.execPath, ['dist/apps/local-stack/src/main.js'], {
      env: {
        ...process.env,
        TIERDECK_DATA_DIR: dataDir,
        TIERDECK_PORT: String(ports.control),
        TIERDECK_DISTRIBUTION_PORT: String(ports.distribution),
        TIERDECK_POSTGRES_PORT: String(ports.postgres),
        TIERDECK_TENANTS_DIR: options.tenantsDir ?? 'tenants',
        TIERDECK_KIT_MAX_HISTORY: '3000',
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stack = new TestStack(child, dataDir, ports);
    child.stdout.on('data', (chunk: Buffer) => (stack.output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stack.output += chunk.toString()));
    return stack;
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.control}`;
  }

  get distributionUrl(): string {
    return `http://127.0.0.1:${this.ports.distribution}`;
  }

  /** Waits for a text in what the stack prints. @throws with all of its output if it ends before or takes too long. */
  async says(text: string, timeoutMs = 120_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`the stack did not say "${text}"; it said:\n${this.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** @returns the exit code. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    return new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
  }

  /** Stops everything in order; the data directory stays. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended();
  }

  /** Stops everything and deletes the data directory. */
  async remove(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** Content of a token file of the data directory, e.g. `admin-token`, `tenant-tokens/northwind`. */
  async token(file: string): Promise<string> {
    return (await readFile(join(this.dataDir, file), 'utf8')).trim();
  }

  /** URL of the superuser for a database of the stack's own PostgreSQL; the control plane's unless told. */
  async postgresUrl(database = 'tierdeck'): Promise<string> {
    const password = await this.token('postgres-password');
    return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${this.ports.postgres}/${database}`;
  }

  /** Any GraphQL request as the administrator, or with another token; gives the whole answer. */
  async graphql<T = Record<string, never>>(
    query: string,
    variables: Record<string, unknown> = {},
    token?: string,
  ): Promise<GraphqlAnswer<T> & { status: number }> {
    const bearer = token ?? (await this.token('admin-token'));
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      body: JSON.stringify({ query, variables }),
    });
    return { ...((await response.json()) as GraphqlAnswer<T>), status: response.status };
  }

  /** A GraphQL request that must succeed. */
  async ask<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const answer = await this.graphql<T>(query, variables);
    if (!answer.data || answer.errors) throw new Error(JSON.stringify(answer.errors));
    return answer.data;
  }

  /** Flag changes through a change request that the administrator opens and somebody else approves. */
  async applyApproved(environment: string, changes: object[]): Promise<void> {
    const { openChangeRequest } = await this.ask<{
      openChangeRequest: { changeRequest: { id: string; digest: string } };
    }>(
      `mutation ($input: OpenChangeRequestInput!) {
         openChangeRequest(input: $input) { changeRequest { id digest } } }`,
      { input: { title: 'test', environment, submit: true, changes } },
    );
    const { id } = openChangeRequest.changeRequest;
    const { createToken } = await this.ask<{ createToken: { secret: string } }>(
      `mutation { createToken(input: { name: "approver", role: release }) { secret } }`,
    );
    const approved = await this.graphql(
      `mutation ($input: ReviewChangeRequestInput!) {
         approveChangeRequest(input: $input) { changeRequest { id } } }`,
      { input: openChangeRequest.changeRequest },
      createToken.secret,
    );
    if (approved.errors) throw new Error(JSON.stringify(approved.errors));
    await this.ask(
      `mutation ($input: ChangeRequestInput!) { applyChangeRequest(input: $input) { changeRequest { id } } }`,
      { input: { id } },
    );
  }
}

/** A folder that also PostgreSQL's own system user may enter. */
async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tierdeck-stack-'));
  await chmod(folder, 0o755);
  return folder;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
