import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '#platform';
import { freePort } from './stack.js';

/** A PostgreSQL of a test's own, to be starved and killed. */
export class OwnPostgres {
  private constructor(
    private server: EmbeddedPostgres,
    private readonly options: { dataDir: string; port: number; settings: Record<string, string> },
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<OwnPostgres> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-own-'));
    // PostgreSQL may run as another user than the tests.
    await chmod(dataDir, 0o755);
    const small = { fsync: 'off', shared_buffers: '64MB', max_connections: '80' };
    const options = { dataDir, port: await freePort(), settings: { ...small, ...settings } };
    return new OwnPostgres(await EmbeddedPostgres.start(options), options);
  }

  url(database?: string): string {
    return this.server.url(database);
  }

  /** The superuser’s way in, as a cluster is registered by. */
  get login(): { host: string; port: number; adminUser: string; adminPassword: string } {
    const { hostname, username, password } = new URL(this.url());
    const adminPassword = decodeURIComponent(password);
    return { host: hostname, port: this.options.port, adminUser: username, adminPassword };
  }

  /** As the superuser; ended by the caller. */
  async connect(database?: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async run<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = await this.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** SIGKILL to the postmaster: nothing is shut down, every session is lost. */
  async kill(): Promise<void> {
    process.kill(this.server.pid, 'SIGKILL');
    await this.server.ended();
  }

  /** Starts it again; it recovers from its WAL. */
  async restart(): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        this.server = await EmbeddedPostgres.start(this.options);
        return;
      } catch (error) {
        // Its former children notice only in a moment that their postmaster is dead, and hold its memory until then.
        if (tries > 40) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async remove(): Promise<void> {
    await this.server.stop();
    await rm(this.options.dataDir, { recursive: true, force: true });
  }
}
