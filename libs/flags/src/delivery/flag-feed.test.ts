import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { environmentScope } from '../flag.js';
import { FlagsFixture, until } from '../flags.fixture.js';
import { EnvironmentFeed } from './environment-feed.js';
import { hashOf } from './feed-view.js';

describe('the feed of flags', () => {
  let flags: FlagsFixture;
  const keys = Array.from({ length: 8 }, (_, index) => `flag-${index}`);

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    for (const key of keys) await flags.create({ key, kind: 'BOOLEAN' });
  });
  afterAll(() => flags.stop());

  it('goes forward only, and ends with what is stored, however many write at once', async () => {
    const feed = flags.feed.environment('production');
    const seen: [revision: number, etag: string][] = [];
    const written = new AbortController();
    const watching = (async () => {
      while (!written.signal.aborted) {
        seen.push([feed?.revision ?? -1, feed?.view().id ?? '']);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const revisions = await Promise.all(
      Array.from({ length: 64 }, async (_, index) => {
        const flag = keys[index % keys.length] ?? '';
        const scope = index % 2 ? environmentScope : ({ kind: 'TENANT', key: 'northwind' } as const);
        return (await flags.set({ flag, scope, enabled: index % 3 !== 0 })).revision;
      }),
    );
    await flags.served(Math.max(...revisions));
    written.abort();
    await watching;

    expect(seen.map(([revision]) => revision)).toEqual(
      seen.map(([revision]) => revision).toSorted((a, b) => a - b),
    );
    expect(new Set(seen.map(([, etag]) => etag)).size).toBeGreaterThan(1);
    const fresh = new EnvironmentFeed('production', flags.database);
    await fresh.catchUp();
    const features = (one: EnvironmentFeed | undefined) =>
      [...(one?.flags.values() ?? [])].map(({ whole }) => whole.json);
    expect(features(feed)).toEqual(features(fresh));
    // Made step by step or at once: the same features have the same hash.
    expect(hashOf(feed?.view().id ?? '')).toBe(hashOf(fresh.view().id));
  });

  it('serves a flag as off that an older version let in and nobody can compile, and all others as they are', async () => {
    await flags.create({ key: 'tangled', kind: 'BOOLEAN' });
    const constraints = Array.from({ length: 20 }, (_, index) => ({
      contextName: `field${index}`,
      operator: 'IN',
      values: ['x'],
      inverted: false,
      caseInsensitive: false,
    }));
    const plain = { name: 'default', parameters: {}, constraints: [], segments: [], variants: [] };
    const varied = [plain, { ...plain, constraints: constraints.slice(0, 1) }];
    for (const scope of [
      { kind: 'TIER', key: 'SHARED' },
      { kind: 'REGION', key: 'eu' },
    ] as const)
      await flags.set({ flag: 'tangled', scope, enabled: false, constraints });
    await flags.database.query(
      `update flag_environment set strategies = $1 where flag_key = 'tangled' and environment = 'production'`,
      [JSON.stringify(varied)],
    );
    const feed = new EnvironmentFeed('production', flags.database);
    await feed.catchUp();
    expect([...feed.flags.keys()]).toEqual([...keys, 'tangled'].sort());
    expect(feed.flags.get('tangled')?.decide({}).enabled).toBe(false);
  });

  it('takes up an environment that is new', async () => {
    const { revision } = await flags.commands.asSystem('test', async (command) => {
      await command.tx.query(`insert into environment values ('preview', 'STAGING', 9)`);
      await command.record({
        area: 'environments',
        action: 'environment.created',
        subject: 'environment/preview',
      });
      return flags.service.setRule(command, {
        flag: 'flag-0',
        environment: 'preview',
        scope: environmentScope,
        enabled: true,
      });
    });
    await until(() => (flags.feed.environment('preview')?.revision ?? -1) >= revision);
    const { secret } = await flags.token('CLIENT', null, 'preview');
    const answer = await fetch(`${flags.url}/api/client/features`, { headers: { authorization: secret } });
    expect(await answer.json()).toMatchObject({ features: [{ name: 'flag-0', enabled: true }] });
  });

  it('catches up after PostgreSQL was away', async () => {
    const feed = flags.feed.environment('production');
    const before = feed?.revision ?? -1;
    const query = flags.database.query.bind(flags.database);
    flags.database.query = () => Promise.reject(new Error('connection refused'));
    const { revision } = await flags.set({
      flag: 'flag-1',
      scope: { kind: 'USER', key: 'ann' },
      enabled: true,
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(feed?.revision).toBe(before);
    flags.database.query = query;
    await flags.served(revision);
    expect(feed?.flags.get('flag-1')?.decide({ userId: 'ann' }).enabled).toBe(true);
  });
});
