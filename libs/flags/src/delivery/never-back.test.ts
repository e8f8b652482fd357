import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '#platform';
import { environmentScope } from '../flag.js';
import { FlagsFixture, northwindId, until, type Serving } from '../flags.fixture.js';

/** Clients come to one replica and then to another, which is behind. */
describe('an SDK that has seen a newer state', () => {
  let flags: FlagsFixture;
  let behind: Serving;
  let tokens: Record<string, string>;
  const database = { away: false, queries: 0 };

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    const query: Database['query'] = (sql, parameters) => {
      database.queries += 1;
      return database.away
        ? Promise.reject(new Error('connection refused'))
        : flags.database.query(sql, parameters);
    };
    await flags.create({ key: 'engine', kind: 'BOOLEAN' });
    await flags.set({ flag: 'engine', scope: { kind: 'USER', key: 'ann' }, enabled: true });
    behind = await flags.replica({ query } as unknown as Database);
    tokens = {
      client: (await flags.token('CLIENT')).secret,
      frontend: (await flags.token('FRONTEND', northwindId)).secret,
    };
    // It knows the tokens before its database goes away.
    for (const way of ways) await way.ask(behind.url, {});
  });
  afterAll(() => flags.stop());
  beforeEach(() => {
    database.away = false;
  });

  const post = (path: string, token: string) => (url: string, context: object, etag?: string) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        authorization: tokens[token] ?? '',
        'content-type': 'application/json',
        ...(etag ? { 'if-none-match': etag } : {}),
      },
      body: JSON.stringify({ context }),
    });
  const ways = [
    { name: 'frontend', ask: post('/api/frontend', 'frontend') },
    { name: 'OFREP', ask: post('/ofrep/v1/evaluate/flags', 'client') },
  ];

  /** Everybody on or off, known to one replica alone. @returns the revision. */
  async function change(enabled: boolean): Promise<number> {
    const { revision } = await flags.set({ flag: 'engine', scope: environmentScope, enabled });
    await flags.served(revision);
    return revision;
  }

  for (const { name, ask } of ways) {
    it(`gets the newer state from the other replica, ${name}`, async () => {
      await change(true);
      await ask(behind.url, {}, (await ask(flags.url, {})).headers.get('etag') ?? '');
      const revision = await change(false);
      const feed = behind.feed.environment('production');
      expect(feed?.revision).toBeLessThan(revision);
      const newer = await ask(flags.url, {});
      const etag = newer.headers.get('etag') ?? '';
      expect((await ask(behind.url, {}, etag)).status).toBe(304);
      expect(feed?.revision).toBeGreaterThanOrEqual(revision);
      expect(await (await ask(behind.url, {})).text()).toBe(await newer.text());
    });

    it(`keeps what it has where the other replica cannot catch up, ${name}`, async () => {
      await change(true);
      await ask(behind.url, {}, (await ask(flags.url, {})).headers.get('etag') ?? '');
      await change(false);
      const etag = (await ask(flags.url, {})).headers.get('etag') ?? '';
      database.away = true;
      const kept = await ask(behind.url, {}, etag);
      // Its own name of it stays the newer one, also in a cache that takes over what a 304 says.
      expect([kept.status, kept.headers.get('etag')]).toEqual([304, etag]);
      // What it has is for somebody else; old decisions are refused, not passed off as new ones.
      const other = await ask(behind.url, { userId: 'bob', targetingKey: 'bob' }, etag);
      expect([other.status, other.headers.get('retry-after')]).toEqual([503, '1']);
      // Who has seen nothing gets the last state.
      expect((await ask(behind.url, {})).status).toBe(200);
    });

    it(`does not name a state anew for what it does not see, ${name}`, async () => {
      await change(true);
      const etag = (await ask(flags.url, {})).headers.get('etag') ?? '';
      await flags.set({ flag: 'engine', scope: { kind: 'USER', key: `zoe-${name}` }, enabled: false });
      const { revision } = await flags.set({
        flag: 'engine',
        scope: { kind: 'TENANT', key: 'contoso' },
        enabled: false,
      });
      await flags.served(revision);
      expect((await ask(flags.url, {}, etag)).status).toBe(304);
      expect(
        (await ask(flags.url, { userId: `zoe-${name}`, targetingKey: `zoe-${name}` }, etag)).status,
      ).toBe(200);
      const cleared = await flags.commands.asSystem('test', (command) =>
        flags.service.clearRule(command, {
          flag: 'engine',
          environment: 'production',
          scope: { kind: 'TENANT', key: 'contoso' },
        }),
      );
      await flags.served(cleared.revision);
    });
  }

  it('of a tenant in its new tier does not get back into the old one', async () => {
    await flags.set({ flag: 'engine', scope: { kind: 'TIER', key: 'DEDICATED' }, enabled: true });
    await change(false);
    const client = (await flags.token('CLIENT', northwindId)).secret;
    const features = (url: string, _context: object, etag?: string) =>
      fetch(`${url}/api/client/features`, {
        headers: { authorization: client, ...(etag ? { 'if-none-match': etag } : {}) },
      });
    // What is on here; what may be on there.
    const isOn = async (answer: Response) => {
      const { toggles, features: [engine] = [] } = (await answer.clone().json()) as {
        toggles?: unknown[];
        features?: { strategies: { constraints: { operator: string }[] }[] }[];
      };
      // A list of users who have it is no answer for the tenant.
      const open = engine?.strategies.filter(({ constraints }) =>
        constraints.every(({ operator }) => operator !== 'IN'),
      );
      return (toggles ?? open ?? []).length > 0;
    };
    for (const [ask, placement] of [
      [post('/api/frontend', 'frontend'), 'DEDICATED'] as const,
      [features, 'SHARED'] as const,
    ]) {
      const wanted = placement === 'DEDICATED';
      // Both know the tenant as it was, and have everything up to now.
      await behind.feed.environment('production')?.catchUp();
      for (const { url } of [flags, behind]) expect(await isOn(await ask(url, {}))).toBe(!wanted);
      await flags.database.query(
        `update tenant set database_placement = $1, worker_placement = $1 where slug = 'northwind'`,
        [placement],
      );
      await flags.commands.asSystem('test', (command) =>
        command.record({
          area: 'tenancy',
          action: 'tenant.changed',
          subject: 'tenant/northwind',
          tenantId: northwindId,
        }),
      );
      await until(async () => (await isOn(await ask(flags.url, {}))) === wanted);
      const newer = await ask(flags.url, {});
      expect((await ask(behind.url, {}, newer.headers.get('etag') ?? '')).status).toBe(304);
      // It was told nothing, and knows it now all the same.
      expect(await isOn(await ask(behind.url, {}))).toBe(wanted);
    }
  });

  it('may claim any revision: all who do share one look at the database at a time', async () => {
    const feed = behind.feed.environment('production');
    const head = feed?.revision ?? 0;
    await fetch(`${behind.url}/api/client/features`, { headers: { authorization: tokens['client'] ?? '' } });
    const before = database.queries;
    const forged = `"0123456789abcdef:${head + 1_000_000}:v1"`;
    const since = performance.now();
    const answers: Promise<Response>[] = [];
    for (let index = 0; index < 300; index++) {
      const headers = { authorization: tokens['client'] ?? '', 'if-none-match': forged };
      answers.push(fetch(`${behind.url}/api/client/${index % 2 ? 'delta' : 'features'}`, { headers }));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(304);
    const tenths = (performance.now() - since) / 100;
    expect(database.queries - before).toBeLessThanOrEqual(tenths + 3);
  });

  it('is told of no older state by a cache that takes over what a 304 says', async () => {
    const etag = `"0123456789abcdef:${(behind.feed.environment('production')?.revision ?? 0) + 1_000_000}:v1"`;
    for (const path of ['/api/client/features', '/api/client/delta']) {
      const headers = { authorization: tokens['client'] ?? '', 'if-none-match': etag };
      const answer = await fetch(`${behind.url}${path}`, { headers });
      expect([answer.status, answer.headers.get('etag')]).toEqual([304, etag]);
    }
  });
});
