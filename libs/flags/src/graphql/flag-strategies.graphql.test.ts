import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { exampleTenants } from '../flags.fixture.js';

const variantFields =
  'name weight weightType stickiness payload { type value } overrides { contextName values }';
const strategyFields = `strategies { name parameters segments { id name }
  constraints { contextName operator values value inverted caseInsensitive } variants { ${variantFields} } }
  variants { ${variantFields} }`;

describe('the strategies of a flag, over GraphQL', () => {
  let server: TestControlPlane;

  beforeAll(async () => {
    server = await TestControlPlane.start();
    await server.controlPlane.foundation.database.query(exampleTenants);
  });
  afterAll(() => server.stop());

  const change = async (name: string, input: object, fields = 'revision') => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`;
    const { data, errors } = await server.graphql(query, { input });
    return { value: data?.[name] as Record<string, unknown>, error: errors?.[0] };
  };
  const told = async (key: string): Promise<Record<string, unknown>[]> => {
    const { data } = await server.graphql(
      `query ($key: String!) { flag(key: $key) { environments { name ${strategyFields} } } }`,
      { key },
    );
    return (data as { flag: { environments: Record<string, unknown>[] } }).flag.environments;
  };

  it('are read as they were set, with the names of their segments, and null where there are none', async () => {
    await change('createFlag', { key: 'gift', kind: 'VARIANT', variants: [{ name: 'red' }] });
    expect((await told('gift')).map(({ strategies }) => strategies)).toEqual([null, null]);
    const made = await change(
      'createSegment',
      { name: 'Europe', constraints: [{ contextName: 'region', operator: 'IN', values: ['eu'] }] },
      'id',
    );
    const { id } = made.value as { id: number };
    const variant = { name: 'red', weight: 1000, weightType: 'variable', stickiness: 'userId' };
    const payload = { type: 'json', value: '{"size":2}' };
    const overrides = [{ contextName: 'userId', values: ['ann'] }];
    const strategy = {
      name: 'flexibleRollout',
      parameters: { rollout: '20', stickiness: 'userId', groupId: 'gift' },
      constraints: [{ contextName: 'plan', operator: 'STR_STARTS_WITH', values: ['go'], inverted: true }],
      segments: [id],
      variants: [{ ...variant, payload }],
    };
    const lintOverride = 'plans are always stated';
    const set = { flag: 'gift', environment: 'staging', variants: [{ ...variant, overrides }], lintOverride };
    await change('setFlagStrategies', { ...set, strategies: [strategy, { name: 'default' }] });
    const [staging, production] = await told('gift');
    const bare = { parameters: {}, constraints: [], segments: [], variants: [] };
    expect(staging).toEqual({
      name: 'staging',
      strategies: [
        {
          ...strategy,
          constraints: [{ ...strategy.constraints[0], value: null, caseInsensitive: false }],
          segments: [{ id, name: 'Europe' }],
          variants: [{ ...variant, payload, overrides: null }],
        },
        { name: 'default', ...bare },
      ],
      variants: [{ ...variant, payload: null, overrides }],
    });
    expect(production).toEqual({ name: 'production', strategies: null, variants: [] });
    await change('setFlagStrategies', { flag: 'gift', environment: 'production', strategies: [] });
    expect((await told('gift'))[1]).toMatchObject({ strategies: [] });
  });

  it('refuse a segment that there is not, which no SDK would ever find to hold', async () => {
    await change('createFlag', { key: 'lost', kind: 'BOOLEAN' });
    const at = { flag: 'lost', environment: 'staging' };
    const { error } = await change('setFlagStrategies', {
      ...at,
      strategies: [{ name: 'default', segments: [4711] }],
    });
    expect(error?.extensions).toMatchObject({ code: 'INVALID_INPUT', field: 'segments' });
    // As an import leaves it.
    await change('setFlagStrategies', { ...at, strategies: [{ name: 'default', segments: [-7] }] });
    expect((await told('lost'))[0]).toMatchObject({ strategies: [{ segments: [{ id: -7, name: null }] }] });
  });

  it('are told what could never hold in them, also in a request', async () => {
    await change('createFlag', { key: 'never', kind: 'BOOLEAN' });
    const at = { flag: 'never', environment: 'staging' };
    for (const [constraint, field] of [
      [{ contextName: 'accountId', operator: 'REGEX', value: '(' }, 'value'],
      [{ contextName: 'accountId', operator: 'NUM_GT', value: 'many' }, 'value'],
      [{ contextName: 'accountId', operator: 'IN', values: [] }, 'values'],
    ] as const) {
      const strategies = [{ name: 'default', constraints: [constraint] }];
      const refused = { code: 'INVALID_INPUT', field: `strategies.0.constraints.0.${field}` };
      expect((await change('setFlagStrategies', { ...at, strategies })).error?.extensions).toMatchObject(
        refused,
      );
      const changes = [{ kind: 'SET_STRATEGIES', flag: 'never', strategies }];
      const request = { title: 'Never', environment: 'staging', changes };
      const opened = await change('openChangeRequest', request, 'changeRequest { id }');
      expect(opened.error?.extensions).toMatchObject(refused);
    }
  });

  it('are held to the lint as rules are, also by way of segments and requests, unless somebody says why', async () => {
    await change('createFlag', { key: 'open', kind: 'BOOLEAN' });
    const without = { contextName: 'branch', operator: 'NOT_IN', values: ['northwind/seattle'] };
    const strategies = [{ name: 'default', constraints: [without] }];
    const set = { flag: 'open', environment: 'staging', strategies };
    const refused = { code: 'LINT_REFUSED', field: 'strategies.0.constraints.0' };
    expect((await change('setFlagStrategies', set)).error?.extensions).toMatchObject(refused);
    const needed = { ...without, operator: 'STR_STARTS_WITH', values: ['northwind/'] };
    const vouched = [{ name: 'default', constraints: [without, needed] }];
    expect((await change('setFlagStrategies', { ...set, strategies: vouched })).error).toBeUndefined();

    const named = { name: 'Not Seattle', constraints: [needed] };
    const { id } = (await change('createSegment', named, 'id')).value as { id: number };
    const bySegment = [{ name: 'default', segments: [id] }];
    expect((await change('setFlagStrategies', { ...set, strategies: bySegment })).error).toBeUndefined();
    const rewritten = await change('updateSegment', { id, constraints: [without] }, 'id');
    expect(rewritten.error?.extensions).toMatchObject({ code: 'LINT_REFUSED' });

    const asked = { kind: 'SET_STRATEGIES', flag: 'open', strategies };
    const request = { title: 'Open', environment: 'staging', submit: true, changes: [asked] };
    const opened = await change('openChangeRequest', request, 'changeRequest { id }');
    expect(opened.error?.extensions).toMatchObject({ ...refused, field: `changes.0.${refused.field}` });

    const why = { ...set, lintOverride: 'every service states the branch' };
    expect((await change('setFlagStrategies', why)).error).toBeUndefined();
    // What is there is not held against who changes something else.
    const more = [...strategies, { name: 'userWithId', parameters: { userIds: 'ann' } }];
    expect((await change('setFlagStrategies', { ...set, strategies: more })).error).toBeUndefined();
  });

  it('and rules that need an approval are refused with the command that asks for all of them', async () => {
    await change('createFlag', { key: 'money', kind: 'BOOLEAN', riskClass: 'FINANCIAL' });
    const at = { flag: 'money', environment: 'production' };
    const hint = async (mutation: string, input: object): Promise<string | undefined> =>
      (await change(mutation, { ...at, ...input })).error?.extensions.hint;
    const scope = { kind: 'TENANT', key: 'northwind' };
    expect(await hint('setFlagStrategies', { strategies: [] })).toContain(
      'tierdeck change-request open money --strategies <file.yaml> --env production --submit',
    );
    const share = {
      percentage: 20,
      constraints: [
        { contextName: 'channel', operator: 'IN', values: ['web', 'edi'] },
        { contextName: 'amount', operator: 'NUM_GT', value: '3', inverted: true },
      ],
      endsAt: '2030-01-01T00:00:00.000Z',
    };
    expect(await hint('setFlagRule', { scope, enabled: true, ...share })).toContain(
      `tierdeck change-request open money on --env production --tenant northwind --percentage 20 --where 'channel IN web,edi' 'not amount NUM_GT 3' --until 2030-01-01T00:00:00.000Z --submit`,
    );
    const unsaid = [{ contextName: 'name', operator: 'IN', values: ['Smith, Ann'] }];
    expect(await hint('setFlagRule', { scope, enabled: true, constraints: unsaid })).toContain(
      'tierdeck change-request open --file <changes.yaml> --env production --submit',
    );
  });
});
