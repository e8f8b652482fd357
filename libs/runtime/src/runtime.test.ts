import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeControlPlane, tenantSnapshot } from './control-plane.fixture.js';
import { until } from '../../../test/support/until.js';
import { ControlPlaneUnavailable, QuotaExceeded, TenantSuspended, UnknownTenantToken } from './errors.js';
import { TierdeckRuntime, type RuntimeOptions } from './runtime.js';
import type { DatabaseSnapshot, RuntimeSnapshot, TenantSnapshot } from './wire.js';

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

describe('the runtime', () => {
  const databaseId = randomUUID();
  const database: DatabaseSnapshot = {
    id: databaseId,
    kind: 'POOLED',
    host: '127.0.0.1',
    port: 1,
    database: 'nowhere',
    user: 'nobody',
    password: 'hidden',
  };
  const northwind = tenantSnapshot({
    id: randomUUID(),
    slug: 'northwind',
    databaseId,
    tokenHashes: [hashOf('nw-token')],
  });
  const contoso = tenantSnapshot({
    id: randomUUID(),
    slug: 'contoso',
    databaseId,
    status: 'SUSPENDED',
    tokenHashes: [hashOf('co-token')],
  });
  const snapshotOf = (revision: number, ...tenants: TenantSnapshot[]): RuntimeSnapshot => ({
    revision,
    tenants,
    databases: [database],
  });

  let controlPlane: FakeControlPlane;
  let dataDir: string;
  const started: TierdeckRuntime[] = [];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-runtime-'));
    controlPlane = new FakeControlPlane(snapshotOf(5, northwind, contoso));
    await controlPlane.start();
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((runtime) => runtime.stop()));
    await controlPlane.stop();
    await rm(dataDir, { recursive: true });
  });

  async function start(options: Partial<RuntimeOptions> = {}): Promise<TierdeckRuntime> {
    const runtime = await TierdeckRuntime.start({
      url: controlPlane.url,
      token: controlPlane.token,
      service: 'distribution',
      dataDir,
      startTimeoutMs: 300,
      ...options,
    });
    started.push(runtime);
    return runtime;
  }

  it('knows its tenants by token, slug and id, and nobody by a wrong or missing token', async () => {
    const runtime = await start();
    expect(runtime.revision).toBe(5);
    expect(runtime.tenantOfToken('nw-token')?.slug).toBe('northwind');
    expect(runtime.tenant('northwind')?.id).toBe(northwind.id);
    expect(runtime.tenant(northwind.id)?.slug).toBe('northwind');
    expect(runtime.tenantOfToken(hashOf('nw-token'))).toBeUndefined();
    expect(runtime.authenticate('Bearer nw-token').slug).toBe('northwind');
    for (const wrong of [undefined, '', 'Bearer', 'Bearer x', 'nw-token', 'Basic nw-token']) {
      expect(() => runtime.authenticate(wrong)).toThrow(UnknownTenantToken);
    }
    expect(() => runtime.authenticate('Bearer co-token')).toThrow(TenantSuspended);
  });

  it('serves one tenant alone if it was started for it', async () => {
    controlPlane.snapshot = snapshotOf(
      5,
      northwind,
      tenantSnapshot({ id: randomUUID(), slug: 'other', databaseId }),
    );
    const runtime = await start({ tenant: 'northwind' });
    expect(runtime.tenants().map(({ slug }) => slug)).toEqual(['northwind']);
    expect(runtime.tenant('other')).toBeUndefined();
    await until(() => controlPlane.reports.length > 0);
    expect(controlPlane.reports[0]?.tenantId).toBe(northwind.id);
    await runtime.stop();
    expect(await readdir(dataDir)).toEqual(['runtime-distribution-northwind.json']);
  });

  it('follows newer snapshots, and refuses an older one', async () => {
    const runtime = await start();
    const seen: number[] = [];
    runtime.onSnapshot(({ revision }) => seen.push(revision));
    await until(() => controlPlane.streams === 1);
    controlPlane.publish(snapshotOf(9, northwind, { ...contoso, status: 'ACTIVE' }));
    await until(() => runtime.revision === 9);
    expect(runtime.authenticate('Bearer co-token').slug).toBe('contoso');
    controlPlane.publish(snapshotOf(7));
    controlPlane.publish(snapshotOf(10, northwind));
    await until(() => runtime.revision === 10);
    expect(runtime.tenant('contoso')).toBeUndefined();
    expect(seen.filter((revision) => revision > 5)).toEqual([9, 10]);
  });

  it('reconnects after the control plane was away, and catches up', async () => {
    const runtime = await start();
    await until(() => controlPlane.streams === 1);
    await controlPlane.stop();
    controlPlane.snapshot = snapshotOf(12, northwind);
    await controlPlane.start();
    await until(() => runtime.revision === 12);
  });

  it('starts from the stored snapshot while the control plane is away', async () => {
    const first = await start();
    const file = join(dataDir, 'runtime-distribution.json');
    await first.stop();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['runtime-distribution.json']);
    await controlPlane.stop();
    const second = await start();
    expect(second.authenticate('Bearer nw-token').slug).toBe('northwind');
    controlPlane.snapshot = snapshotOf(6, northwind);
    await controlPlane.start();
    await until(() => second.revision === 6);
    const stored = async (): Promise<number> =>
      (JSON.parse(await readFile(file, 'utf8')) as RuntimeSnapshot).revision;
    await until(async () => (await stored()) === 6);
  });

  it('says so when there is neither a control plane nor a stored snapshot, or a wrong token', async () => {
    await expect(start({ token: 'wrong' })).rejects.toThrow(ControlPlaneUnavailable);
    await controlPlane.stop();
    await writeFile(join(dataDir, 'runtime-distribution.json'), '{"revision": 3, "tenants"');
    await chmod(join(dataDir, 'runtime-distribution.json'), 0o600);
    await expect(start()).rejects.toThrow(/no snapshot to serve from/);
  });

  it('ends a boost on its own clock, without being told', async () => {
    const boosted = (until: number): TenantSnapshot => ({
      ...northwind,
      quotas: [
        {
          kind: 'REQUEST_RATE',
          limit: 1_000,
          burst: 1_000,
          hard: true,
          source: 'BOOST',
          boostUntil: new Date(until).toISOString(),
          limitAfterBoost: 1,
          burstAfterBoost: 2,
        },
      ],
    });
    controlPlane.snapshot = snapshotOf(5, boosted(Date.now() + 60_000));
    const runtime = await start();
    const tenant = runtime.authenticate('Bearer nw-token');
    for (let i = 0; i < 50; i++) await runtime.admit(tenant, async () => i);
    await until(() => controlPlane.streams === 1);
    controlPlane.publish(snapshotOf(6, boosted(Date.now() - 1)));
    await until(() => runtime.revision === 6);
    expect(runtime.quota(tenant, 'REQUEST_RATE')).toMatchObject({ limit: 1, burst: 2 });
    const admitted = await Promise.allSettled(
      [1, 2, 3].map(() => runtime.admit(tenant, async () => undefined)),
    );
    expect(admitted.at(-1)).toMatchObject({ status: 'rejected', reason: expect.any(QuotaExceeded) });
  });

  it('does not gate what an admitted request does inside', async () => {
    controlPlane.snapshot = snapshotOf(5, {
      ...northwind,
      quotas: [
        {
          kind: 'CONCURRENCY',
          limit: 1,
          burst: null,
          hard: true,
          source: 'PLAN',
          boostUntil: null,
          limitAfterBoost: null,
          burstAfterBoost: null,
        },
      ],
    });
    const runtime = await start({ admission: { slots: 1 } });
    const tenant = runtime.authenticate('Bearer nw-token');
    const nested = await runtime.admit(tenant, () => runtime.admit(tenant, async () => 'inner'));
    expect(nested).toBe('inner');
    await runtime.admit(tenant, async () => {
      await expect(
        new Promise((resolve, reject) => {
          // As another request would come: not from inside this one.
          setImmediate(() => void runtime.admissions.enter(tenant).then(resolve, reject));
        }),
      ).rejects.toMatchObject({ kind: 'CONCURRENCY', httpStatus: 429 });
    });
  });

  it('reports usage and KPIs once, summed up while the control plane took nothing', async () => {
    const runtime = await start();
    const tenant = runtime.authenticate('Bearer nw-token');
    await until(() => controlPlane.reports.length > 0);
    controlPlane.reportStatus = 503;
    for (let round = 0; round < 3; round++) {
      await runtime.admit(tenant, async () => undefined);
      runtime.recordJob(tenant);
      runtime.recordKpi({
        tenantId: tenant.id,
        branch: 'london',
        pricingEngine: 'waterfall-v2',
        ordersAccepted: 1,
        revenueMicros: 9_007_199_254_740_993n,
        costMicros: '5',
      });
      expect(await runtime.flush()).toBe(false);
    }
    controlPlane.reportStatus = 200;
    await runtime.stop();
    const sum = (pick: (report: (typeof controlPlane.reports)[number]) => number): number =>
      controlPlane.reports.reduce((total, report) => total + pick(report), 0);
    expect(sum(({ usage }) => usage.reduce((n, u) => n + u.requests, 0))).toBe(3);
    expect(sum(({ usage }) => usage.reduce((n, u) => n + u.jobs, 0))).toBe(3);
    expect(
      sum(({ usage }) => usage.reduce((n, u) => n + (u.latencies ?? []).reduce((a, b) => a + b, 0), 0)),
    ).toBe(3);
    expect(sum(({ kpis }) => kpis.reduce((n, k) => n + k.ordersAccepted, 0))).toBe(3);
    const revenue = controlPlane.reports.flatMap(({ kpis }) => kpis).map((k) => BigInt(k.revenueMicros));
    expect(revenue.reduce((a, b) => a + b, 0n)).toBe(3n * 9_007_199_254_740_993n);
    const sequences = controlPlane.reports.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
  });

  it('drops a report that is refused for good instead of holding up the next', async () => {
    const runtime = await start();
    await until(() => controlPlane.reports.length > 0);
    controlPlane.reportStatus = 400;
    runtime.recordJob(northwind);
    expect(await runtime.flush()).toBe(false);
    controlPlane.reportStatus = 200;
    runtime.recordJob(northwind);
    expect(await runtime.flush()).toBe(true);
    expect(controlPlane.reports.at(-1)?.usage[0]?.jobs).toBe(1);
  });
});
