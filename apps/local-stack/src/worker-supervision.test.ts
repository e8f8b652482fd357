import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProcessesReport, SupervisedProcess } from '#runtime/wire';
import { until } from '../../../test/support/until.js';

const child = relative(
  process.cwd(),
  join(process.cwd(), 'apps/local-stack/src/supervised-child.fixture.mjs'),
);

/** A supervisor in a process of its own over real children, killed in every way. */
describe('the supervisor of a machine’s workers', () => {
  let folder: string;
  let server: Server;
  let dedicated: string[];
  let reports: ProcessesReport[];
  const supervisors = new Set<ChildProcess>();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tierdeck-supervision-'));
    dedicated = [];
    reports = [];
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (request.method === 'POST') {
          reports.push(JSON.parse(Buffer.concat(chunks).toString()) as ProcessesReport);
        }
        const tenants = dedicated.map((slug) => ({ slug, integrationWorkers: 'DEDICATED' }));
        response.end(JSON.stringify({ revision: 1, tenants, databases: [] }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    for (const supervisor of supervisors) await end(supervisor, 'SIGKILL');
    for (const pid of living()) process.kill(pid, 'SIGKILL');
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const mode = (how: string): void => writeFileSync(join(folder, 'mode'), how);

  async function supervise(): Promise<ChildProcess> {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const supervisor = spawn(
      process.execPath,
      [
        '--conditions=source',
        '--import',
        './test/support/swc-loader.mjs',
        'test/support/supervisor-process.ts',
        url,
        folder,
        child,
      ],
      {
        env: {
          ...process.env,
          CHILD_NOTES: join(folder, 'notes'),
          CHILD_MODE_FILE: join(folder, 'mode'),
        },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    );
    supervisors.add(supervisor);
    await new Promise<void>((resolve, reject) => {
      supervisor.once('message', () => resolve());
      supervisor.once('exit', (code) => reject(new Error(`the supervisor ended with ${code}`)));
    });
    return supervisor;
  }

  async function end(supervisor: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    supervisors.delete(supervisor);
    if (supervisor.exitCode !== null || supervisor.signalCode !== null) return;
    const ended = new Promise((resolve) => supervisor.once('exit', resolve));
    supervisor.kill(signal);
    await ended;
  }

  /** Lines `begin|drained <pid> <tenant>` that the children wrote. */
  function notes(): { what: string; pid: number; who: string }[] {
    const file = join(folder, 'notes');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    return lines.filter(Boolean).map((line) => {
      const [what = '', pid = '', who = ''] = line.split(' ');
      return { what, pid: Number(pid), who };
    });
  }

  const begun = (who = 'pooled'): number[] =>
    notes().flatMap((note) => (note.what === 'begin' && note.who === who ? [note.pid] : []));

  function living(who?: string): number[] {
    return notes()
      .filter((note) => note.what === 'begin' && (who === undefined || note.who === who))
      .map(({ pid }) => pid)
      .filter((pid) => isRunning(pid));
  }

  const told = (name = 'integration-worker'): SupervisedProcess | undefined =>
    reports.at(-1)?.processes.find((process) => process.name === name);

  it('starts a killed worker again, one at a time, and tells how it ended', async () => {
    await supervise();
    await until(() => told()?.state === 'RUNNING');
    for (let kills = 1; kills <= 3; kills++) {
      const [pid = 0] = living('pooled');
      process.kill(pid, 'SIGKILL');
      await until(() => begun().length === kills + 1 && told()?.state === 'RUNNING');
      await until(() => told()?.failures === kills);
      expect(living('pooled')).toHaveLength(1);
      expect(told()).toMatchObject({ lastExit: 'signal SIGKILL', pid: living('pooled')[0] });
    }
  });

  it('shows a worker that ends at once as a crash loop with its next start, and keeps the others up', async () => {
    mode('fail');
    dedicated = ['acme'];
    await supervise();
    await until(() => (told()?.failures ?? 0) >= 3 && told()?.state === 'BACKING_OFF');
    expect(told()).toMatchObject({ lastExit: 'exit code 7', pid: null });
    expect(Date.parse(told()?.nextStartAt ?? '')).toBeGreaterThan(Date.parse(told()?.lastExitAt ?? ''));
    await until(() => (told('integration-worker-acme')?.failures ?? 0) >= 3);
    mode('');
    await until(() => told()?.state === 'RUNNING' && told('integration-worker-acme')?.state === 'RUNNING');
    expect(told()).toMatchObject({ lastExit: 'exit code 7', nextStartAt: null });
  });

  it('lets workers drain when it is stopped, and kills one that does not', async () => {
    const first = await supervise();
    await until(() => told()?.state === 'RUNNING');
    await end(first, 'SIGTERM');
    expect(notes().map(({ what }) => what)).toEqual(['begin', 'drained']);
    expect(living()).toEqual([]);
    expect(reports.at(-1)?.processes).toEqual([]);

    mode('stubborn');
    const second = await supervise();
    await until(() => begun().length === 2 && told()?.state === 'RUNNING');
    await end(second, 'SIGTERM');
    expect(living()).toEqual([]);
    expect(notes().filter(({ what }) => what === 'drained')).toHaveLength(1);
    expect(await readdir(join(folder, 'run'))).toEqual([]);
  });

  it('ends the workers that a killed supervisor left, also those that cling on, before it starts its own', async () => {
    mode('orphan');
    dedicated = ['acme', 'gone'];
    const first = await supervise();
    await until(() => ['pooled', 'acme', 'gone'].every((who) => living(who).length === 1));
    const orphans = living();
    await end(first, 'SIGKILL');
    expect(living()).toEqual(orphans);

    mode('');
    dedicated = ['acme'];
    await supervise();
    expect(orphans.filter((pid) => isRunning(pid))).toEqual([]);
    // What the dead one told last, or had on the way, is of orphans.
    const runs = (name?: string): boolean =>
      told(name)?.state === 'RUNNING' && !orphans.includes(told(name)?.pid ?? 0);
    await until(() => runs() && runs('integration-worker-acme'));
    expect([living('pooled'), living('acme'), living('gone')].map((all) => all.length)).toEqual([1, 1, 0]);
    // Each of the former ended before its successor began.
    const all = notes();
    for (const who of ['pooled', 'acme']) {
      const mine = all.filter((note) => note.who === who).map(({ what }) => what);
      expect(mine).toEqual(['begin', 'drained', 'begin']);
    }
  });

  it('drains a tenant’s worker that is no longer wanted, and runs never two when it is wanted again at once', async () => {
    dedicated = ['acme'];
    await supervise();
    await until(() => told('integration-worker-acme')?.state === 'RUNNING');
    mode('stubborn');
    process.kill(living('acme')[0] ?? 0, 'SIGKILL');
    await until(() => begun('acme').length === 2 && told('integration-worker-acme')?.state === 'RUNNING');
    mode('');
    dedicated = [];
    await until(() => told('integration-worker-acme')?.state === 'STOPPING');
    dedicated = ['acme'];
    let most = 0;
    await until(() => {
      most = Math.max(most, living('acme').length);
      return begun('acme').length === 3 && told('integration-worker-acme')?.state === 'RUNNING';
    });
    expect(most).toBe(1);
    expect(living('acme')).toHaveLength(1);
  });
});

/** Killed and not yet collected by its parent counts as ended. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
