import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Order, Quote } from '#distribution';
import { createLogger } from '#platform';
import {
  createTestDataPlane,
  type TestDataPlane,
  type TestTenant,
} from '../../../test/support/distribution-tenants.js';
import { FakeControlPlane, fakeFeature } from '../../../test/support/fake-control-plane.js';
import { startDistribution, type Distribution } from './distribution.js';

export interface Refusal {
  error: { code: string; message: string; hint?: string; field?: string; details?: { lines?: object[] } };
}

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

export const waterfall = fakeFeature('pricing.engine', { variant: 'waterfall-v2' });
export const percentDeals = fakeFeature('pricing.percent-deals');
export const sourcing = fakeFeature('allocation.engine', { variant: 'priority-sourcing-v2' });

/** The body of an order or quote of one line. */
export const of = (account: string, sku: string, quantity: number) => ({
  account,
  lines: [{ sku, quantity }],
});

/** The service on a port of its own, with a real database and two tenants, north and south. */
export class RunningService {
  private constructor(
    readonly data: TestDataPlane,
    readonly controlPlane: FakeControlPlane,
    private readonly dataDir: string,
    private service: Distribution,
  ) {}

  static async start(): Promise<RunningService> {
    const data = await createTestDataPlane(['north', 'south']);
    const controlPlane = new FakeControlPlane(data.snapshot);
    await controlPlane.start();
    const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-distribution-'));
    return new RunningService(data, controlPlane, dataDir, await startService(controlPlane.url, dataDir));
  }

  get north(): TestTenant {
    return this.#tenant(0);
  }

  get south(): TestTenant {
    return this.#tenant(1);
  }

  get url(): string {
    return this.service.url;
  }

  async restart(): Promise<void> {
    await this.service.stop();
    this.service = await startService(this.controlPlane.url, this.dataDir);
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.controlPlane.stop();
    await this.data.drop();
    await rm(this.dataDir, { recursive: true });
  }

  async call<Body = Refusal>(
    tenant: TestTenant | null,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(new URL(path, this.url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(tenant ? { authorization: `Bearer ${tenant.token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
  }

  order(tenant: TestTenant, body: object, headers?: Record<string, string>): Promise<Answer<Order>> {
    return this.call<Order>(tenant, '/orders', body, headers);
  }

  refusedOrder(
    tenant: TestTenant,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<Refusal>> {
    return this.call(tenant, '/orders', body, headers);
  }

  quote(body: object, tenant = this.north): Promise<Answer<Quote>> {
    return this.call<Quote>(tenant, '/quotes', body);
  }

  async count(tenant: TestTenant, table: string): Promise<number> {
    const sql = `select count(*)::int as n from ${table} where tenant_id = $1`;
    const [row] = await this.data.asTenant(tenant, sql, [tenant.id]);
    return row?.['n'] as number;
  }

  #tenant(index: number): TestTenant {
    return this.data.tenants[index] as TestTenant;
  }
}

export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let attempt = 0; !(await condition()); attempt++) {
    if (attempt > 200) throw new Error('it never happened');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function startService(controlPlaneUrl: string, dataDir: string): Promise<Distribution> {
  return startDistribution(
    {
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
      controlPlaneUrl,
      runtimeToken: 'runtime',
      sdkToken: '*:production.secret',
      dataDir,
      flagRefreshMs: 50,
    },
    createLogger('test', 'silent'),
  );
}
