import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { environmentScope } from '../flag.js';
import { contosoId, FlagsFixture, northwindId, until } from '../flags.fixture.js';
import type { Receipt } from '../receipts/instance.js';

/** Connections that break without a word, a database that does not answer, and clocks that jump. */
describe('over a faulty network', () => {
  let flags: FlagsFixture;

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    await flags.create({ key: 'one', kind: 'BOOLEAN' });
    await flags.set({ flag: 'one', scope: { kind: 'TIER', key: 'DEDICATED' }, enabled: true });
    const { revision } = await flags.set({ flag: 'one', scope: { kind: 'USER', key: 'ann' }, enabled: true });
    await flags.served(revision);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(() => flags.stop());

  const poll = (url: string, secret: string) =>
    fetch(`${url}/api/client/features`, { headers: { authorization: secret } });

  it('revoked tokens and moved tenants are found although no notice comes', async () => {
    const deaf = await flags.replica(flags.database);
    const [gone, stays] = [await flags.token('CLIENT'), await flags.token('CLIENT', contosoId)];
    for (const { secret } of [gone, stays]) expect((await poll(deaf.url, secret)).status).toBe(200);
    const before = await (await poll(deaf.url, stays.secret)).text();
    expect(before).toContain('"enabled":true');
    await flags.commands.asSystem('test', (command) => flags.tokens.revoke(command, gone.id));
    await flags.database.query(`update tenant set database_placement = 'SHARED', worker_placement = 'SHARED'
      where slug = 'contoso'`);
    await flags.commands.asSystem('test', (command) =>
      command.record({
        area: 'tenancy',
        action: 'tenant.changed',
        subject: 'tenant/contoso',
        tenantId: contosoId,
      }),
    );
    expect((await poll(deaf.url, gone.secret)).status).toBe(200);
    const feed = deaf.feed.environment('production');
    // It finds that there is something, and the next time that it was never told.
    deaf.feed.lookAround();
    await feed?.catchUp();
    deaf.feed.lookAround();
    await feed?.catchUp();
    deaf.feed.lookAround();
    expect((await poll(deaf.url, gone.secret)).status).toBe(401);
    const after = (await (await poll(deaf.url, stays.secret)).json()) as {
      features: { strategies: unknown[] }[];
    };
    expect(after.features[0]?.strategies).toHaveLength(1);
  });

  it('what is heard of is not doubted', async () => {
    const { secret } = await flags.token('CLIENT');
    const { revision } = await flags.set({ flag: 'one', scope: { kind: 'USER', key: 'bob' }, enabled: true });
    await flags.served(revision);
    // Until the notices of what came before are all there.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await poll(flags.url, secret);
    const query = jest.spyOn(flags.database, 'query');
    for (let round = 0; round < 3; round++) {
      flags.feed.lookAround();
      await flags.feed.environment('production')?.catchUp();
      expect((await poll(flags.url, secret)).status).toBe(200);
    }
    expect(query.mock.calls.filter(([sql]) => sql.includes('sdk_token'))).toEqual([]);
  });

  it('a database that does not answer keeps nobody waiting who is known, and is told of', async () => {
    const known = [(await flags.token('CLIENT')).secret, (await flags.token('CLIENT', northwindId)).secret];
    const fresh = (await flags.token('CLIENT')).secret;
    for (const secret of known) await poll(flags.url, secret);
    const query = jest.spyOn(flags.database, 'query').mockImplementation(() => new Promise(() => undefined));
    // Everything that is known is in doubt, and cannot be asked for.
    await flags.commands.asSystem('test', ({ tx }) =>
      tx.query(`select pg_notify('tierdeck_revision', '{"area":"identity"}'),
        pg_notify('tierdeck_revision', '{"area":"tenancy"}'),
        pg_notify('tierdeck_revision', '{"area":"flags","environment":"production"}')`),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const secret of known) expect((await poll(flags.url, secret)).status).toBe(200);
    expect((await poll(flags.url, fresh)).status).toBe(503);
    const marked = await poll(flags.url, known[0] ?? '');
    expect(marked.headers.get('tierdeck-stale-since')).toMatch(/^\d{4}-/);
    query.mockRestore();
    const { revision } = await flags.set({ flag: 'one', scope: environmentScope, enabled: true });
    await flags.served(revision);
    expect((await poll(flags.url, fresh)).status).toBe(200);
  });

  it('an answer that comes too late, and is older than what there is by then, changes nothing', async () => {
    const feed = flags.feed.environment('production');
    const enabled = () => feed?.flags.get('one')?.decide({ userId: 'late' }).enabled;
    const change = (value: boolean) =>
      flags.set({ flag: 'one', scope: { kind: 'USER', key: 'late' }, enabled: value });
    const query = flags.database.query.bind(flags.database);
    let [release, isHeld]: [() => void, boolean] = [() => undefined, false];
    const held = new Promise<void>((resolve) => (release = resolve));
    jest.spyOn(flags.database, 'query').mockImplementation(async (sql, parameters) => {
      const answer = await query(sql, parameters);
      if (!isHeld && parameters?.[0] === 'production' && sql.includes('revision_head')) {
        isHeld = true;
        await held;
      }
      return answer;
    });
    await change(true);
    await until(() => isHeld);
    const { revision } = await change(false);
    await until(() => (feed?.revision ?? -1) >= revision);
    expect(enabled()).toBe(false);
    release();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(feed?.revision).toBeGreaterThanOrEqual(revision);
    expect(enabled()).toBe(false);
  });

  it('instances stay connected in the receipts when the clock is set back', async () => {
    const receipt: Receipt = {
      id: 'clock',
      service: 'clock',
      instance: 'clock-1',
      sdk: null,
      intervalMs: null,
      mode: 'POLLING',
      tenantId: null,
      appliedRevision: 1,
    };
    const seenAt = async () => {
      await flags.receipts.flush();
      const [row] = await flags.database.query<{ seen_at: Date }>(
        `select seen_at from flag_instance where service = 'clock'`,
      );
      return row?.seen_at.getTime() ?? 0;
    };
    flags.receipts.note('production', receipt);
    const before = await seenAt();
    const [now, elapsed] = [Date.now(), performance.now()];
    jest.spyOn(Date, 'now').mockReturnValue(now - 3_600_000);
    jest.spyOn(performance, 'now').mockReturnValue(elapsed + 11_000);
    flags.receipts.note('production', receipt);
    jest.restoreAllMocks();
    expect(await seenAt()).toBeGreaterThan(before);
  });
});
