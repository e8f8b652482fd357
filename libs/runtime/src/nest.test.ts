import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  createTestDataPlane,
  rateQuota,
  type TestDataPlane,
} from '../../../test/support/distribution-tenants.js';
import { FakeControlPlane } from '../../../test/support/fake-control-plane.js';
import { CurrentTenant, TierdeckModule } from './nest.js';
import { TierdeckRuntime } from './runtime.js';
import type { RuntimeTenant } from './tenant.js';

@Controller()
class AccountsController {
  constructor(private readonly runtime: TierdeckRuntime) {}

  @Get('healthz')
  alive(): string {
    return 'ok';
  }

  @Get('accounts')
  async accounts(@CurrentTenant() tenant: RuntimeTenant): Promise<object> {
    const { rows } = await this.runtime.database(tenant).query('select code from account order by code');
    return { tenant: tenant.slug, accounts: rows.length };
  }
}

describe('a Nest application on the runtime', () => {
  let data: TestDataPlane;
  let controlPlane: FakeControlPlane;
  let dataDir: string;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    data = await createTestDataPlane(['north', 'south']);
    data.snapshot.tenants[1]?.quotas.push(rateQuota(1, 1));
    controlPlane = new FakeControlPlane(data.snapshot);
    await controlPlane.start();
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-nest-'));
    const tierdeck = TierdeckModule.forRoot({
      url: controlPlane.url,
      token: 'runtime',
      service: 'accounts',
      dataDir,
      publicPaths: ['/healthz'],
    });
    @Module({ imports: [tierdeck], controllers: [AccountsController] })
    class AppModule {}
    app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
      logger: false,
    });
    await app.listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    await app?.close();
    await controlPlane.stop();
    await data.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function get(
    path: string,
    token?: string,
  ): Promise<{ status: number; headers: Headers; text: string }> {
    const response = await fetch(new URL(path, (await app.getUrl()).replace('[::1]', '127.0.0.1')), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  it('serves the tenant of the token, and nobody without one but where it is public', async () => {
    const answer = await get('/accounts', data.tenants[0]?.token);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { tenant: 'north', accounts: 3 }]);
    expect((await get('/accounts')).status).toBe(401);
    expect((await get('/accounts', 'forged')).status).toBe(401);
    expect(await get('/healthz')).toMatchObject({ status: 200, text: 'ok' });
  });

  it('refuses beyond the quota, with the headers of the refusal', async () => {
    const token = data.tenants[1]?.token;
    const answers = await Promise.all(Array.from({ length: 6 }, () => get('/accounts', token)));
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(JSON.parse(refused?.text ?? '{}')).toMatchObject({ error: { code: 'QUOTA_EXCEEDED' } });
  });
});
