import { spawn, type ChildProcess } from 'node:child_process';
import { freePort } from '../support/stack.js';

/** The features of `/api/client/features`, as Tierdeck serves them. */
export interface ClientFeatures {
  features: {
    name: string;
    type?: string;
    enabled: boolean;
    strategies: { name: string; parameters: object; constraints: object[]; variants?: object[] }[];
    variants?: object[];
  }[];
}

const clientToken = '*:development.bench-client';
const frontendToken = '*:development.bench-frontend';

/** unleash-server 7.5.1 in a process of its own, on a database of its own in the same PostgreSQL. */
export class UnleashPeer {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<UnleashPeer> {
    const port = await freePort();
    const child = spawn(process.execPath, ['server.cjs'], {
      cwd: 'test/bench/peers',
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        NODE_NO_WARNINGS: '1',
        DATABASE_URL: databaseUrl,
        DATABASE_SSL: 'false',
        HTTP_HOST: '127.0.0.1',
        HTTP_PORT: String(port),
        INIT_CLIENT_API_TOKENS: clientToken,
        INIT_FRONTEND_API_TOKENS: frontendToken,
        CHECK_VERSION: 'false',
        SEND_TELEMETRY: 'false',
        LOG_LEVEL: 'error',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const peer = new UnleashPeer(child, `http://127.0.0.1:${port}`);
    for (let i = 0; ; i++) {
      const healthy = await fetch(`${peer.url}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (healthy) return peer;
      if (i > 600 || child.exitCode !== null) throw new Error('unleash-server did not start');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  get clientHeaders(): Record<string, string> {
    return { authorization: clientToken };
  }

  get frontendHeaders(): Record<string, string> {
    return { authorization: frontendToken };
  }

  /** Gives it the very features that Tierdeck serves. */
  async importFeatures({ features }: ClientFeatures): Promise<void> {
    const data = {
      features: features.map(({ name }) => ({ name, type: 'release', project: 'default' })),
      featureStrategies: features.flatMap(({ name, strategies }) =>
        strategies.map((strategy) => ({ ...strategy, featureName: name, segments: [] })),
      ),
      featureEnvironments: features.map(({ name, enabled }) => ({
        enabled,
        name,
        featureName: name,
        environment: 'development',
        variants: [],
      })),
      contextFields: [],
      featureTags: [],
      segments: [],
      tagTypes: [],
      dependencies: [],
    };
    const response = await fetch(`${this.url}/api/admin/features-batch/import`, {
      method: 'POST',
      headers: { cookie: await this.#logIn(), 'content-type': 'application/json' },
      body: JSON.stringify({ project: 'default', environment: 'development', data }),
    });
    if (!response.ok) throw new Error(`unleash-server import: ${response.status} ${await response.text()}`);
  }

  /** Its import takes no token, only a person's session: that of the administrator a fresh database has. */
  async #logIn(): Promise<string> {
    const response = await fetch(`${this.url}/auth/simple/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: 'unleash4all' }),
    });
    const cookie = response.headers.get('set-cookie')?.split(';')[0];
    if (!response.ok || !cookie) throw new Error(`unleash-server log-in: ${response.status}`);
    return cookie;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(late);
  }
}
