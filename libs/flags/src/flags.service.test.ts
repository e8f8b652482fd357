import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { environmentScope } from './flag.js';
import { FlagsFixture } from './flags.fixture.js';

describe('flags service', () => {
  let flags: FlagsFixture;
  const seattle = { kind: 'BRANCH', key: 'northwind/seattle' } as const;

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    await flags.create({
      key: 'pricing.engine',
      kind: 'VARIANT',
      riskClass: 'STANDARD',
      variants: [{ name: 'wwi-best-price' }, { name: 'waterfall-v2', payload: { rounds: 2 } }],
      defaultVariant: 'wwi-best-price',
    });
    await flags.create({ key: 'plain', kind: 'BOOLEAN' });
  });
  afterAll(() => flags.stop());

  const stateOf = (key: string) => flags.readModel.state(key, 'production');
  const audit = (action: string) =>
    flags.database.query<{
      tenant_id: string;
      environment: string;
      before: unknown;
      after: unknown;
      reason: string;
    }>('select * from audit_event where action = $1 order by revision', [action]);

  it('sets, changes and clears a rule, each with its audit event and revision', async () => {
    const set = await flags.set({
      flag: 'pricing.engine',
      scope: seattle,
      enabled: true,
      variant: 'waterfall-v2',
      reason: 'pilot',
    });
    const { version } = (await stateOf('pricing.engine')).flag;
    expect(await stateOf('pricing.engine')).toMatchObject({
      revision: set.revision,
      rules: [
        { scope: seattle, enabled: true, variant: 'waterfall-v2', label: 'Seattle, Northwind Traders' },
      ],
    });
    await flags.set({ flag: 'pricing.engine', scope: seattle, enabled: false });
    const [first, second] = await audit('flag.rule-set');
    expect(first).toMatchObject({
      tenant_id: '00000000-0000-4000-8000-000000000001',
      environment: 'production',
      before: null,
      after: { scope: seattle, enabled: true, variant: 'waterfall-v2', riskClass: 'STANDARD' },
      reason: 'pilot',
    });
    expect(second).toMatchObject({ before: { enabled: true, variant: 'waterfall-v2' } });
    await flags.commands.asSystem('test', (command) =>
      flags.service.clearRule(command, { flag: 'pricing.engine', environment: 'production', scope: seattle }),
    );
    const after = await stateOf('pricing.engine');
    expect(after.rules).toEqual([]);
    expect(after.flag.version).toBe(version + 2);
  });

  it('leaves no trace of a change that changes nothing', async () => {
    const rule = { flag: 'plain', scope: environmentScope, enabled: true };
    const first = await flags.set(rule);
    const events = (await audit('flag.rule-set')).length;
    expect(await flags.set(rule)).toEqual(first);
    await flags.commands.asSystem('test', (command) =>
      flags.service.clearRule(command, { flag: 'plain', environment: 'production', scope: seattle }),
    );
    expect((await audit('flag.rule-set')).length).toBe(events);
    expect((await audit('flag.rule-cleared')).length).toBe(1);
  });

  it('refuses a change that was made without knowing of another one', async () => {
    const { version } = (await stateOf('plain')).flag;
    const rule = {
      flag: 'plain',
      scope: { kind: 'TENANT', key: 'contoso' },
      expectedVersion: version,
    } as const;
    const both = await Promise.allSettled([
      flags.set({ ...rule, enabled: false }),
      flags.set({ ...rule, enabled: false, scope: { kind: 'TENANT', key: 'northwind' } }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = both.find((one) => one.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'FLAG_CHANGED', details: { version: version + 1 } });
  });

  it.each([
    ['FLAG_NOT_FOUND', { flag: 'none', scope: seattle }],
    ['ENVIRONMENT_NOT_FOUND', { environment: 'nowhere', scope: seattle }],
    ['SCOPE_NOT_FOUND', { scope: { kind: 'TENANT', key: 'nobody' } }],
    ['SCOPE_NOT_FOUND', { scope: { kind: 'BRANCH', key: 'northwind/nowhere' } }],
    ['SCOPE_NOT_FOUND', { scope: { kind: 'WAREHOUSE', key: 'northwind/seattle' } }],
    ['SCOPE_NOT_FOUND', { scope: { kind: 'REGION', key: 'mars' } }],
    ['INVALID_INPUT', { scope: { kind: 'BRANCH', key: 'seattle' } }],
    ['INVALID_INPUT', { scope: { kind: 'TIER', key: 'GOLD' } }],
    ['INVALID_INPUT', { scope: { kind: 'USER', key: ' ann' } }],
    ['INVALID_INPUT', { scope: { kind: 'ENVIRONMENT', key: 'production' } }],
    ['INVALID_INPUT', { scope: seattle, variant: 'waterfall-v2' }],
    ['INVALID_INPUT', { flag: 'pricing.engine', scope: seattle }],
    ['INVALID_INPUT', { flag: 'pricing.engine', scope: seattle, variant: 'none' }],
  ] as const)('answers %s to %j', async (code, rule) => {
    await expect(flags.set({ flag: 'plain', enabled: true, ...rule })).rejects.toMatchObject({ code });
  });

  it('refuses definitions that make no sense', async () => {
    await expect(flags.create({ key: 'plain', kind: 'BOOLEAN' })).rejects.toMatchObject({
      code: 'FLAG_EXISTS',
    });
    for (const bad of [
      { key: 'has space', kind: 'BOOLEAN' },
      { key: 'x', kind: 'VARIANT' },
      { key: 'x', kind: 'VARIANT', variants: [{ name: 'a' }, { name: 'a' }] },
      { key: 'x', kind: 'VARIANT', variants: [{ name: 'disabled' }] },
      { key: 'x', kind: 'VARIANT', variants: [{ name: 'a' }], defaultVariant: 'b' },
      { key: 'x', kind: 'BOOLEAN', variants: [{ name: 'a' }] },
    ] as const)
      await expect(flags.create(bad)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('archives for good', async () => {
    await flags.create({ key: 'old', kind: 'BOOLEAN' });
    await flags.commands.asSystem('test', (command) => flags.service.archive(command, { flag: 'old' }));
    await expect(flags.set({ flag: 'old', scope: seattle, enabled: true })).rejects.toMatchObject({
      code: 'FLAG_ARCHIVED',
    });
    expect((await flags.list.page({}, {})).edges.map(({ node }) => node.key)).not.toContain('old');
    expect((await flags.list.page({}, { archived: true })).edges.map(({ node }) => node.key)).toContain(
      'old',
    );
  });

  it('pages by key and finds by text', async () => {
    const first = await flags.list.page({ first: 1 }, {});
    expect(first).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true } });
    const rest = await flags.list.page({ first: 1, after: first.pageInfo.endCursor ?? null }, {});
    expect([...first.edges, ...rest.edges].map(({ node }) => node.key)).toEqual(['plain', 'pricing.engine']);
    expect((await flags.list.page({}, { search: 'engine' })).totalCount).toBe(1);
    expect((await flags.list.page({}, { search: '%' })).totalCount).toBe(0);
  });
});
