import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../../test/support/until.js';
import { Admissions } from './admission.js';
import { FakeControlPlane, tenantSnapshot } from './control-plane.fixture.js';
import type { EffectiveQuota } from './quota.js';
import { admitTenants, tenantOf } from './fastify.js';
import { TierdeckRuntime } from './runtime.js';
import { createTenantDatabase, type TenantDatabaseFixture } from './tenant-database.fixture.js';
import type { RuntimeTenant } from './tenant.js';
import type { QuotaSnapshot } from './wire.js';

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

const limit = (kind: QuotaSnapshot['kind'], value: number, burst: number | null = null): QuotaSnapshot => ({
  kind,
  limit: value,
  burst,
  hard: true,
  source: 'PLAN',
  boostUntil: null,
  limitAfterBoost: null,
  burstAfterBoost: null,
});

describe('a Fastify service behind the runtime', () => {
  const noisy = randomUUID();
  const quiet = randomUUID();
  let database: TenantDatabaseFixture;
  let controlPlane: FakeControlPlane;
  let runtime: TierdeckRuntime;
  let fastify: FastifyInstance;
  let dataDir: string;
  let url: string;
  /** Handlers of /hold wait for this. */
  let letGo: () => void = () => undefined;
  let handled = 0;
  let aborted = 0;
  let held = new Promise<void>((resolve) => (letGo = resolve));

  beforeAll(async () => {
    database = await createTenantDatabase([noisy, quiet]);
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-admission-'));
    const { id: databaseId } = database.login;
    controlPlane = new FakeControlPlane({
      revision: 1,
      databases: [database.login],
      tenants: [
        tenantSnapshot({
          id: noisy,
          slug: 'noisy',
          databaseId,
          tokenHashes: [hashOf('noisy-token')],
          quotas: [limit('REQUEST_RATE', 5, 20), limit('CONCURRENCY', 100)],
        }),
        tenantSnapshot({
          id: quiet,
          slug: 'quiet',
          databaseId,
          tokenHashes: [hashOf('quiet-token')],
          quotas: [limit('REQUEST_RATE', 1_000, 1_000)],
        }),
      ],
    });
    await controlPlane.start();
    runtime = await TierdeckRuntime.start({
      url: controlPlane.url,
      token: controlPlane.token,
      service: 'distribution',
      dataDir,
      admission: { slots: 4, tenantShare: 0.75, tenantQueue: 30 },
    });
    fastify = Fastify();
    admitTenants(fastify, runtime, ({ url: path }) => path !== '/healthz');
    fastify.get('/healthz', async () => 'ok');
    fastify.get('/items', (request) => skus(tenantOf(request)));
    fastify.post('/items', async () => 'made');
    fastify.addHook('onRequestAbort', (_request, done) => {
      aborted++;
      done();
    });
    fastify.get('/hold', async () => {
      await held;
      handled++;
      return 'held';
    });
    fastify.get('/fail', async () => {
      throw new Error('broken');
    });
    await fastify.listen({ port: 0, host: '127.0.0.1' });
    url = `http://127.0.0.1:${(fastify.server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await fastify.close();
    await runtime.stop();
    await controlPlane.stop();
    await database.drop();
    await rm(dataDir, { recursive: true });
  });

  async function skus(tenant: RuntimeTenant): Promise<object[]> {
    return (await runtime.database(tenant).query('select sku from item')).rows;
  }

  const get = (path: string, token = 'quiet-token'): Promise<Response> =>
    fetch(new URL(path, url), { headers: { authorization: `Bearer ${token}` } });

  it('refuses a tenant that sends ten times its quota, with the headers of the draft; the other is served', async () => {
    const flood = Array.from({ length: 200 }, () => get('/items', 'noisy-token'));
    const others = Array.from({ length: 20 }, () => get('/items'));
    const answers = await Promise.all(flood);
    const statuses = answers.map(({ status }) => status);
    const served = statuses.filter((status) => status === 200).length;
    expect(served).toBeGreaterThanOrEqual(20);
    expect(statuses.filter((status) => status === 429).length).toBe(200 - served);
    expect(served).toBeLessThan(60);
    for (const answer of answers) {
      expect(answer.headers.get('ratelimit-policy')).toBe('"rate";q=20;w=4');
      const [, remaining, reset] =
        /^"rate";r=(\d+);t=(\d+)$/.exec(answer.headers.get('ratelimit') ?? '') ?? [];
      expect(Number(remaining)).toBeLessThan(20);
      if (answer.status !== 429) continue;
      expect(remaining).toBe('0');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(Number(reset));
      expect(await answer.json()).toEqual({
        error: {
          code: 'QUOTA_EXCEEDED',
          message: 'The quota of 5 requests a second is used up.',
          hint: expect.stringContaining('Try again in'),
        },
      });
    }
    for (const answer of await Promise.all(others)) {
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual([{ sku: `own-${quiet}` }]);
    }
    await runtime.flush();
    const usage = controlPlane.reports.flatMap((report) => report.usage);
    const throttled = usage.filter(({ tenantId }) => tenantId === noisy).reduce((n, u) => n + u.throttled, 0);
    expect(throttled).toBe(200 - served);
    expect(usage.find(({ tenantId }) => tenantId === quiet)?.throttled).toBe(0);
  });

  it('leaves slots to others while one tenant waits for its own, and sheds what it cannot queue', async () => {
    held = new Promise<void>((resolve) => (letGo = resolve));
    const patient = Array.from({ length: 40 }, () => get('/hold', 'quiet-token'));
    await until(() => runtime.admissions.inService(quiet) === 3);
    // Three in service, thirty wait, seven are too many.
    const shed = await Promise.any(
      patient.map(async (answer) => {
        const response = await answer;
        if (response.status !== 503) throw new Error('served');
        return response;
      }),
    );
    expect(shed.headers.get('retry-after')).toBe('1');
    expect(await shed.json()).toMatchObject({ error: { code: 'OVERLOADED' } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await get('/items', 'noisy-token')).status).toBe(200);
    letGo();
    const statuses = (await Promise.all(patient)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(33);
    expect(statuses.filter((status) => status === 503)).toHaveLength(7);
    expect(runtime.admissions.inService()).toBe(0);
  });

  it('gives a slot back after an error, and after a client that left, in service or waiting', async () => {
    expect((await get('/fail')).status).toBe(500);
    expect((await get('/nothing')).status).toBe(404);
    held = new Promise<void>((resolve) => (letGo = resolve));
    handled = 0;
    const clients = Array.from({ length: 5 }, () => {
      const request = httpRequest(new URL('/hold', url), {
        headers: { authorization: 'Bearer quiet-token' },
      });
      request.on('error', () => undefined);
      request.end();
      return request;
    });
    await until(() => runtime.admissions.inService(quiet) === 3);
    for (const client of clients) client.destroy();
    await until(() => aborted === 5);
    // Two gave up their place in the queue; three handlers do not know yet that nobody waits for them.
    expect(runtime.admissions.inService(quiet)).toBe(3);
    letGo();
    await until(() => runtime.admissions.inService() === 0);
    expect(handled).toBe(3);
  });

  it('leaves alone what is not guarded, and lets nobody in without a token', async () => {
    expect((await fetch(new URL('/healthz', url))).status).toBe(200);
    const refused = await fetch(new URL('/items', url));
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect(await refused.json()).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
  });
});

describe('the slots of one tenant', () => {
  /** Largest number in service at once while `waiting` requests of `slotMs` each are served under `quota`. */
  async function mostAtOnce(quota: EffectiveQuota | undefined, slotMs: number): Promise<number> {
    const admissions = new Admissions(
      { slots: 8, tenantShare: 0.5, tenantQueue: 100, maxWaitMs: 10_000 },
      {
        quota: (_tenant, kind) => (kind === 'REQUEST_RATE' ? quota : undefined),
        onRefused: () => undefined,
        onDone: () => undefined,
      },
    );
    const tenant = { id: 'a', slug: 'a', weight: 1 } as RuntimeTenant;
    const serve = async (): Promise<number> => {
      const admission = await admissions.enter(tenant);
      const atOnce = admissions.inService();
      await new Promise((resolve) => setTimeout(resolve, slotMs));
      admission.release();
      return atOnce;
    };
    // What a slot takes is learned from the first ones.
    await Promise.all(Array.from({ length: 30 }, serve));
    return Math.max(...(await Promise.all(Array.from({ length: 10 }, serve))));
  }

  const rate = (perSecond: number): EffectiveQuota => ({
    kind: 'REQUEST_RATE',
    limit: perSecond,
    burst: 100,
    hard: true,
  });

  it('are what its rate needs, so that a burst of short requests does not crowd the neighbours', async () => {
    expect(await mostAtOnce(rate(5), 5)).toBe(1);
  });

  it('are no fewer than its rate needs when requests take long', async () => {
    expect(await mostAtOnce(rate(40), 25)).toBeGreaterThanOrEqual(2);
  });

  it('are its share at most, with or without a rate', async () => {
    expect(await mostAtOnce(rate(1_000), 25)).toBe(4);
    expect(await mostAtOnce(undefined, 5)).toBe(4);
  });
});
