import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { TestCli } from '../support/cli.js';
import { TestStack } from '../support/stack.js';

let stack: TestStack;

beforeAll(async () => {
  // All that can be logged is: the last test searches it for secrets.
  stack = await TestStack.start({ env: { TIERDECK_LOG_LEVEL: 'debug' } });
}, 180_000);

afterAll(() => stack?.remove());

interface HttpAnswer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { error?: { code: string; message: string } };
}

/** The data plane as a tenant's system calls it. */
async function call(
  tenant: string | undefined,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  const token = tenant === undefined ? undefined : await stack.token(`tenant-tokens/${tenant}`);
  const response = await fetch(`${stack.distributionUrl}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json')
    ? (JSON.parse(text) as object)
    : { text };
  return { status: response.status, headers: response.headers, body: json as HttpAnswer['body'] };
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let i = 0; i < 300; i++) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await sleep(50);
  }
  throw new Error(`${what} did not happen within 15 s`);
}

const usb = { account: 'tailspin-toys-far-west', lines: [{ sku: 'WWI-001', quantity: 1 }] };
const elsewhere = { account: 'tailspin-toys-great-lakes', lines: [{ sku: 'WWI-001', quantity: 1 }] };
const wwi = 'wide-world-importers';

async function unitPrice(body: unknown): Promise<string> {
  const quote = await call(wwi, '/quotes', body);
  return (quote.body as unknown as { lines: { unitPrice: string }[] }).lines[0]?.unitPrice ?? '';
}

describe('the reference data plane, in all tiers', () => {
  it.each(['northwind', wwi, 'albion-gifts'])('takes an order of %s, once for one key', async (tenant) => {
    const items = (await call(tenant, '/items?limit=200')).body as unknown as {
      items: { sku: string; available: number }[];
    };
    const item = items.items.find(({ available }) => available > 5);
    const accounts = (await call(tenant, '/accounts?limit=1')).body as unknown as {
      accounts: { code: string }[];
    };
    const order = { account: accounts.accounts[0]?.code, lines: [{ sku: item?.sku, quantity: 1 }] };
    const key = randomUUID();
    const first = await call(tenant, '/orders', order, { 'idempotency-key': key });
    expect(first.status).toBe(201);
    const again = await call(tenant, '/orders', order, { 'idempotency-key': key });
    expect(again.body['id']).toBe(first.body['id']);
    const other = await call(
      tenant,
      '/orders',
      { ...order, lines: [{ sku: item?.sku, quantity: 2 }] },
      { 'idempotency-key': key },
    );
    expect(other.status).toBe(409);
    expect(other.body.error?.code).toBe('IDEMPOTENCY_KEY_REUSED');
    const read = await call(tenant, `/orders/${String(first.body['id'])}`);
    expect(read.body).toMatchObject({ id: first.body['id'], account: order.account });
  });

  it("never shows one tenant's order to another, whatever it claims to be", async () => {
    const placed = await call(wwi, '/orders', usb);
    expect(placed.status).toBe(201);
    const path = `/orders/${String(placed.body['id'])}`;
    for (const headers of [{}, { 'x-tenant-id': wwi }, { 'x-tenant': wwi }]) {
      expect((await call('northwind', `${path}?tenant=${wwi}`, undefined, headers)).status).toBe(404);
    }
    expect((await call(undefined, path)).status).toBe(401);
    expect((await call(undefined, path, undefined, { authorization: 'Bearer forged' })).status).toBe(401);
  });

  it('answers bad input with a typed error and a status that fits', async () => {
    expect((await call(wwi, '/orders', '{"account":', { 'content-type': 'application/json' })).status).toBe(
      400,
    );
    const nobody = await call(wwi, '/quotes', { ...usb, account: 'nobody' });
    expect([nobody.status, nobody.body.error?.code]).toEqual([422, 'ACCOUNT_NOT_FOUND']);
    const negative = await call(wwi, '/orders', { ...usb, lines: [{ sku: 'WWI-001', quantity: -1 }] });
    expect(negative.status).toBe(400);
    expect(JSON.stringify(negative.body)).not.toMatch(/select |node_modules|\.ts:/);
  });
});

describe('flags', () => {
  const rule = {
    flag: 'pricing.engine',
    environment: 'production',
    scope: { kind: 'BRANCH', key: `${wwi}/far-west` },
  };

  it('change the price of one branch and leave the other, and come back', async () => {
    const [here, there] = [await unitPrice(usb), await unitPrice(elsewhere)];
    await expect(
      stack.ask(`mutation ($input: SetFlagRuleInput!) { setFlagRule(input: $input) { revision } }`, {
        input: { ...rule, enabled: true, variant: 'waterfall-v2' },
      }),
    ).rejects.toThrow('only by a change request');
    const { flag, environment, scope } = rule;
    const change = { kind: 'SET_RULE', flag, scope, enabled: true, variant: 'waterfall-v2' };
    await stack.applyApproved(environment, [change]);
    await until('the new price', async () => (await unitPrice(usb)) !== here);
    expect(await unitPrice(elsewhere)).toBe(there);
    await stack.ask(`mutation ($input: ClearFlagRuleInput!) { clearFlagRule(input: $input) { revision } }`, {
      input: rule,
    });
    await until('the old price', async () => (await unitPrice(usb)) === here);
  });
});

describe('shadow mode', () => {
  interface Difference {
    tenant: string;
    branch: string | null;
    liveEngine: string;
    shadowEngine: string;
    compared: number;
    different: number;
    difference: string;
    examples: { account: string; item: string }[];
  }

  it('prices orders with another engine too, shows how it differs, and answers with the old one', async () => {
    const cli = await TestCli.start(stack.url, await stack.token('admin-token'));
    try {
      const old = await unitPrice(usb);
      await cli.said('flag', 'set', 'pricing.shadow', 'waterfall-v2', '--tenant', wwi, '--wait');
      for (const order of [usb, elsewhere]) {
        const placed = await call(wwi, '/orders', order);
        expect(placed.status).toBe(201);
        expect(placed.body).toMatchObject({ decidedBy: { pricingEngine: 'wwi-best-price' } });
        if (order === usb) expect(placed.body).toMatchObject({ lines: [{ unitPrice: old }] });
      }
      const other = { account: 'ALFKI', lines: [{ sku: 'NW-03', quantity: 1 }] };
      expect((await call('northwind', '/orders', other)).status).toBe(201);
      const told = await until('the differences of both branches', async () => {
        const rows = await cli.told<Difference[]>('flag', 'shadow', '--subject', 'pricing');
        return rows.length >= 2 && rows;
      });
      const engines = { tenant: wwi, liveEngine: 'wwi-best-price', shadowEngine: 'waterfall-v2' };
      expect(told).toHaveLength(2);
      expect(told.find(({ branch }) => branch === 'far-west')).toMatchObject({
        ...engines,
        compared: 1,
        different: 1,
        examples: [{ account: usb.account, item: 'WWI-001' }],
      });
      expect(told.find(({ branch }) => branch === 'great-lakes')).toMatchObject({ ...engines, compared: 1 });
      const { shadowDifferences } = await stack.ask<{ shadowDifferences: Difference[] }>(
        `query ($tenant: String) { shadowDifferences(subject: pricing, tenant: $tenant, branch: "far-west") {
           branch different difference } }`,
        { tenant: wwi },
      );
      const [farWest] = shadowDifferences;
      expect(shadowDifferences).toEqual([
        { branch: 'far-west', different: 1, difference: farWest?.difference },
      ]);
      expect(Number(farWest?.difference)).not.toBe(0);
      expect(await cli.said('flag', 'shadow', '--tenant', wwi, '--branch', 'far-west')).toContain(
        `${farWest?.difference} USD`,
      );
    } finally {
      await cli.remove();
    }
  }, 60_000);
});

describe('EDI', () => {
  it('turns a document into an order through the queue, and answers it', async () => {
    const before = (await call('northwind', '/orders?limit=200')).body as unknown as { orders: unknown[] };
    const document = await northwind850();
    const taken = await call('northwind', '/edi', document, { 'content-type': 'application/edi-x12' });
    expect(taken.status).toBe(202);
    expect(taken.body['text']).toMatch(/ST\*997/);
    await until('the order', async () => {
      const after = (await call('northwind', '/orders?limit=200')).body as unknown as { orders: unknown[] };
      return after.orders.length > before.orders.length;
    });
  });

  it('refuses a broken document with its segment and a negative acknowledgement', async () => {
    const broken = (await northwind850()).replace(/CTT\*\d+~/, '').replace('SE*', 'SE*9');
    const refused = await call('northwind', '/edi', broken, { 'content-type': 'application/edi-x12' });
    expect(refused.status).toBe(422);
    expect(JSON.stringify(refused.body)).toMatch(/segment|AK5\*R/i);
  });
});

describe('dead letters', () => {
  it('show in GraphQL with their reason, and can be queued again', async () => {
    const password = await stack.token('postgres-password');
    const client = new pg.Client({
      connectionString: `postgres://postgres:${password}@127.0.0.1:${stack.ports.postgres}/tierdeck_pool`,
    });
    await client.connect();
    // A job that no worker knows how to run: as a newer service might have left it behind.
    await client.query(
      `insert into integration_job (tenant_id, id, kind, payload, dedup_key, max_attempts)
       select tenant_id, gen_random_uuid(), 'edi.unheard-of', '{}', 'e2e', 1 from branch where code = 'boston' limit 1`,
    );
    await client.end();
    const query = `query ($tenant: String!) { deadLetters(tenant: $tenant) { id kind attempts error } }`;
    const look = async (): Promise<{ id: string; kind: string; error: string } | undefined> => {
      const { deadLetters } = await stack.ask<{ deadLetters: { id: string; kind: string; error: string }[] }>(
        query,
        { tenant: 'northwind' },
      );
      return deadLetters.find(({ kind }) => kind === 'edi.unheard-of');
    };
    const dead = await until('the dead letter', look);
    expect(dead.error).toContain('edi.unheard-of');
    const retry = `mutation ($input: RetryDeadLetterInput!) { retryDeadLetter(input: $input) { ok } }`;
    await stack.ask(retry, { input: { tenant: 'northwind', id: dead.id } });
    expect((await until('it is dead again', look)).id).toBe(dead.id);
  });
});

describe('static stability', () => {
  it('serves orders and decides flags while the control plane is gone', async () => {
    const price = await unitPrice(usb);
    const control = await controlPlanePid();
    process.kill(control, 'SIGSTOP');
    try {
      expect(await unitPrice(usb)).toBe(price);
      expect((await call(wwi, '/orders', usb)).status).toBe(201);
    } finally {
      process.kill(control, 'SIGCONT');
    }
    process.kill(control, 'SIGKILL');
    expect(await unitPrice(usb)).toBe(price);
    await until('the control plane is back', () =>
      fetch(`${stack.url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
  });
});

/** MT-16: after everything above, with failures and restarts, on the most talkative level. */
describe('what the processes have logged', () => {
  it('holds none of the secrets that were issued', async () => {
    const names = ['admin-token', 'runtime-token', 'sdk-token', 'master-key', 'postgres-password'];
    const tenants = (await readdir(join(stack.dataDir, 'tenant-tokens'))).map(
      (name) => `tenant-tokens/${name}`,
    );
    const files = (await readdir(stack.dataDir, { recursive: true })).map(String);
    const secrets = new Map<string, string>();
    for (const name of [...names, ...tenants]) {
      if (files.includes(name)) secrets.set(name, await stack.token(name));
    }
    // The logins of databases, as the snapshots hold them.
    for (const file of files.filter((name) => /(^|\/)runtime-[^/]*\.json$/.test(name))) {
      const { databases } = JSON.parse(await readFile(join(stack.dataDir, file), 'utf8')) as {
        databases: { user: string; password: string }[];
      };
      for (const { user, password } of databases) secrets.set(`password of ${user}`, password);
    }
    const issued: [string, string][] = [
      ['createToken', 'name: "walk", role: admin'],
      ['createSdkToken', 'name: "walk", kind: CLIENT, environment: "production", tenant: "northwind"'],
      ['createTenantToken', 'name: "walk", tenant: "northwind"'],
    ];
    for (const [mutation, input] of issued) {
      const answer = await stack.ask<Record<string, { secret: string }>>(
        `mutation { ${mutation}(input: { ${input} }) { secret } }`,
      );
      secrets.set(mutation, answer[mutation]?.secret ?? '');
    }
    // Each is shown to every door, the wrong ones among them, with what fails behind it.
    for (const secret of secrets.values()) {
      for (const authorization of [`Bearer ${secret}`, secret]) {
        await stack.graphql('{ tenant(slug: "\\u0000") { slug } }', {}, secret);
        for (const url of [
          `${stack.url}/api/client/features`,
          `${stack.url}/api/frontend`,
          `${stack.url}/runtime/snapshot`,
          `${stack.url}/backups/x/archive`,
          `${stack.distributionUrl}/orders/x`,
        ]) {
          await fetch(url, { headers: { authorization } }).then((answer) => answer.arrayBuffer());
        }
      }
    }
    expect(secrets.size).toBeGreaterThan(9);
    expect([...secrets].filter(([, secret]) => secret.length < 16)).toEqual([]);

    const logs = files.filter((name) => name.endsWith('.log'));
    expect(logs).toEqual(expect.arrayContaining(['logs/control-plane.log', 'logs/distribution.log']));
    const texts = await Promise.all(
      logs.map(async (name): Promise<[string, string]> => [
        name,
        await readFile(join(stack.dataDir, name), 'utf8'),
      ]),
    );
    const leaks = (written: [string, string][]): string[] =>
      written.flatMap(([name, text]) =>
        [...secrets].flatMap(([what, secret]) => (text.includes(secret) ? [`${what} in ${name}`] : [])),
      );
    expect(texts.map(([, text]) => text).join('').length).toBeGreaterThan(1_000);
    expect(leaks([...texts, ['the console', stack.output]])).toEqual([]);
    // The search finds one that is there.
    expect(leaks([['planted', `login failed for ${secrets.get('sdk-token')} at 12:00`]])).toEqual([
      'sdk-token in planted',
    ]);
  }, 60_000);
});

/** A purchase order of one of Northwind's trading partners, for an item it has. */
async function northwind850(): Promise<string> {
  const partners = (await readFile('tenants/kits/northwind/edi_partner.csv', 'utf8')).trim().split('\n');
  const columns = partners[0]?.split(',') ?? [];
  const row = partners
    .slice(1)
    .map((line) => line.split(','))
    .find((cells) => cells[columns.indexOf('standard')] === 'X12');
  const cell = (name: string): string => row?.[columns.indexOf(name)] ?? '';
  const sender = cell('identifier').padEnd(15);
  const control = String(Math.floor(Math.random() * 1e9)).padStart(9, '0');
  const segments = [
    `ISA*00*          *00*          *${cell('qualifier').padEnd(2)}*${sender}*ZZ*NORTHWIND      *261123*1200*U*00401*${control}*0*P*>`,
    `GS*PO*${cell('identifier')}*NORTHWIND*20261123*1200*${Number(control)}*X*004010`,
    'ST*850*0001',
    `BEG*00*SA*PO-${control}**20261123`,
    'PO1*1*1*EA***VN*NW-03',
    'CTT*1',
    'SE*5*0001',
    `GE*1*${Number(control)}`,
    `IEA*1*${control}`,
  ];
  return `${segments.join('~')}~`;
}

async function controlPlanePid(): Promise<number> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const env = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (command.includes('control-plane/src/main.js') && env.includes(`TIERDECK_DATA_DIR=${stack.dataDir}`)) {
      return Number(pid);
    }
  }
  throw new Error('the control plane of the stack was not found');
}
