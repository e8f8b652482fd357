import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { EdiIntake, legacyDecisions, readEdiInterchange, write850, type InboundOrder } from '#distribution';
import { fakeFeature } from '../../../test/support/fake-control-plane.js';
import { createJobRuntime, eventually, type JobRuntime } from '../../../test/support/job-runtime.js';
import { testPostgresUrl } from '../../../test/support/database.js';

// Each worker compiles its sources as it starts.
jest.setTimeout(180_000);

/** The worker as it runs in production, in a process of its own, against a real database. */
describe('the integration worker process', () => {
  let host: JobRuntime;
  let intake: EdiIntake;
  let dataDir: string;
  let workers: ChildProcess[] = [];
  let number = 0;

  beforeAll(async () => {
    host = await createJobRuntime(['north', 'apart!']);
    for (const tenant of host.data.tenants) {
      await host.data.asTenant(
        tenant,
        `insert into edi_partner (code, name, standard, qualifier, identifier, account)
         values ('acme', 'Acme', 'X12', 'ZZ', 'ACME', 'ACME')`,
      );
    }
    host.controlPlane.features = [fakeFeature('pricing.engine', { variant: 'waterfall-v2' })];
    intake = new EdiIntake(host.runtime, { decide: () => legacyDecisions });
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-worker-'));
  });
  afterAll(async () => {
    await host.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => end(worker, 'SIGKILL')));
    workers = [];
  });

  async function start(env: Record<string, string> = {}): Promise<ChildProcess> {
    const worker = spawn(
      process.execPath,
      [
        '--conditions=source',
        '--import',
        './test/support/swc-loader.mjs',
        'apps/integration-worker/src/main.ts',
      ],
      {
        env: {
          PATH: process.env['PATH'],
          TIERDECK_URL: host.controlPlane.url,
          TIERDECK_RUNTIME_TOKEN: 'runtime',
          TIERDECK_SDK_TOKEN: '*:production.secret',
          TIERDECK_DATA_DIR: dataDir,
          TIERDECK_LOG_LEVEL: 'warn',
          ...env,
        },
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      },
    );
    workers.push(worker);
    let words = '';
    worker.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()));
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('exit', (code) => reject(new Error(`the worker ended with ${code}: ${words}`)));
    });
    return worker;
  }

  function end(worker: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
    if (worker.exitCode !== null || worker.signalCode !== null) return Promise.resolve(worker.exitCode);
    const ended = new Promise<number | null>((resolve) => worker.once('exit', (code) => resolve(code)));
    worker.kill(signal);
    return ended;
  }

  async function send(slug: string, quantity: number): Promise<string> {
    number += 1;
    const order: InboundOrder = {
      standard: 'X12',
      version: '004010',
      sender: { qualifier: 'ZZ', id: 'ACME' },
      receiver: { qualifier: 'ZZ', id: 'TIERDECK' },
      test: false,
      control: { interchange: String(number), group: String(number), message: '0001' },
      purchaseOrder: `PO-${number}`,
      orderDate: '2026-05-01',
      requestedDate: null,
      currency: null,
      parties: [],
      lines: [
        {
          number: '1',
          items: [{ qualifier: 'VN', value: 'PEN' }],
          quantity: String(quantity),
          unit: 'EA',
          unitPrice: null,
          priceBasis: 'NET',
          description: null,
        },
      ],
    };
    const document = Buffer.from(write850([order], new Date()));
    const receipt = await intake.receive(host.tenant(slug).served, document);
    expect(receipt.httpStatus).toBe(202);
    return receipt.interchanges[0]?.id ?? '';
  }

  const view = async (slug: string, id: string) => {
    const found = await readEdiInterchange(host.tenant(slug).scope, id);
    if (!found) throw new Error('no interchange');
    return found;
  };
  const isDone = async (slug: string, id: string): Promise<boolean> =>
    (await view(slug, id)).jobs[0]?.status === 'DONE';
  const count = async (slug: string, table: string): Promise<number> => {
    const { rows } = await host
      .tenant(slug)
      .scope.query<{ n: number }>(`select count(*)::int as n from ${table}`);
    return rows[0]?.n ?? -1;
  };

  /** Holds the stock that every order of the test needs: its job stands still in the middle, its effect half made. */
  async function holdStock(): Promise<() => Promise<void>> {
    const client = new pg.Client({
      connectionString: testPostgresUrl(host.data.snapshot.databases[0]?.database),
    });
    await client.connect();
    await client.query('begin');
    await client.query('select from stock for update');
    return () => client.end();
  }
  const waitsForStock = async (): Promise<boolean> => {
    const [row] = await host.data.asTenant(
      host.tenant('north').test,
      `select count(*)::int as n from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and application_name like '%integration-worker'`,
    );
    return (row?.['n'] as number) > 0;
  };

  test('killed in the middle of a job it has lost nothing and doubled nothing', async () => {
    const first = await start();
    const letGo = await holdStock();
    const id = await send('north', 3);
    await eventually(waitsForStock);
    await end(first, 'SIGKILL');
    await letGo();
    // The server notices the dead client and rolls back; then the lease of the dead worker runs out.
    await eventually(async () => !(await waitsForStock()));
    expect(await count('north', 'sales_order')).toBe(0);
    await host.data.asTenant(
      host.tenant('north').test,
      `update integration_job set lease_until = now() where status = 'RUNNING'`,
    );
    await start();
    await eventually(() => isDone('north', id));
    const { jobs, documents } = await view('north', id);
    expect(jobs).toMatchObject([{ status: 'DONE', attempts: 2 }]);
    expect(documents.map(({ kind }) => kind)).toEqual(['997', '855']);
    expect(await count('north', 'sales_order')).toBe(1);
    expect(await count('north', 'allocation')).toBe(1);
  });

  test('killed again and again under load, every order is made once', async () => {
    const before = await count('north', 'sales_order');
    const ids: string[] = [];
    for (let i = 0; i < 40; i++) ids.push(await send('north', 1));
    for (let kills = 0; kills < 3; kills++) {
      const done = await count('north', 'sales_order');
      const worker = await start();
      await eventually(async () => (await count('north', 'sales_order')) > done);
      await end(worker, 'SIGKILL');
      await host.data.asTenant(
        host.tenant('north').test,
        `update integration_job set lease_until = now() where status = 'RUNNING'`,
      );
    }
    await start();
    await eventually(async () => {
      const left = await host
        .tenant('north')
        .scope.query(`select from integration_job where status <> 'DONE' limit 1`);
      return left.rowCount === 0;
    });
    expect(await count('north', 'sales_order')).toBe(before + 40);
    for (const id of ids) {
      expect((await view('north', id)).documents.map(({ kind }) => kind)).toEqual(['997', '855']);
    }
    const stock = await host
      .tenant('north')
      .scope.query<{ drift: number }>(
        `select (sum(s.allocated) - (select sum(a.qty) from allocation a))::int as drift from stock s`,
      );
    expect(stock.rows[0]?.drift).toBe(0);
  });

  test('asked to stop it ends what it began, and with exit code 0', async () => {
    const worker = await start();
    const letGo = await holdStock();
    const id = await send('north', 2);
    await eventually(waitsForStock);
    const ended = end(worker, 'SIGTERM');
    const later = await send('north', 1);
    await letGo();
    expect(await ended).toBe(0);
    expect((await view('north', id)).jobs).toMatchObject([{ status: 'DONE', attempts: 1 }]);
    expect((await view('north', later)).jobs).toMatchObject([{ status: 'QUEUED', attempts: 0 }]);
    await start();
    await eventually(() => isDone('north', later));
  });

  test('pooled it leaves a dedicated tenant alone; dedicated it serves that tenant only, and says so', async () => {
    await start();
    const own = await send('apart', 1);
    const shared = await send('north', 1);
    await eventually(() => isDone('north', shared));
    expect((await view('apart', own)).jobs).toMatchObject([{ status: 'QUEUED' }]);
    await Promise.all(workers.map((worker) => end(worker, 'SIGTERM')));
    await start({ TIERDECK_WORKER_TENANT: 'apart' });
    const waiting = await send('north', 1);
    await eventually(() => isDone('apart', own));
    expect((await view('north', waiting)).jobs).toMatchObject([{ status: 'QUEUED' }]);
    const { id } = host.tenant('apart').test;
    await eventually(() =>
      host.controlPlane.reports.some(
        (report) =>
          report.service === 'integration-worker' &&
          report.tenantId === id &&
          report.usage.some(({ jobs }) => jobs === 1) &&
          report.kpis.some(({ ordersAccepted }) => ordersAccepted === 1),
      ),
    );
  });

  test('says in one line what is wrong with its configuration', async () => {
    await expect(start({ TIERDECK_URL: 'nowhere' })).rejects.toThrow(
      /CONFIGURATION_INVALID: TIERDECK_URL: must be/,
    );
  });
});
