import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { exampleTenants } from '../flags.fixture.js';
import { FlagChangesResolver } from './flag-changes.resolver.js';

describe('flags over GraphQL', () => {
  let server: TestControlPlane;

  beforeAll(async () => {
    server = await TestControlPlane.start();
    await server.controlPlane.foundation.database.query(exampleTenants);
  });
  afterAll(() => server.stop());

  const run = async <T = Record<string, Record<string, unknown>>>(
    query: string,
    input: Record<string, unknown>,
  ): Promise<T> => {
    const { data, errors } = await server.graphql(query, { input });
    if (errors) throw new Error(JSON.stringify(errors));
    return data as T;
  };
  const codeOf = async (query: string, input: Record<string, unknown>) => {
    const { errors } = await server.graphql(query, { input });
    return (errors as { extensions: { code: string } }[] | undefined)?.[0]?.extensions.code;
  };
  const setRule = `mutation ($input: SetFlagRuleInput!) { setFlagRule(input: $input) {
    revision flag { key version rules(environment: "production") { enabled variant setBy scope { kind key label } } } } }`;
  const seattle = { kind: 'BRANCH', key: 'northwind/seattle' };

  it('creates a flag, sets a rule, kills, clears and archives, and reads all of it back', async () => {
    const create = `mutation ($input: CreateFlagInput!) { createFlag(input: $input) { flag { key kind riskClass
      variants { name payload } defaultVariant version environments { name enabled rules { id } metrics { yes } } } } }`;
    const variants = [{ name: 'old' }, { name: 'new', payload: { rounds: 2 } }];
    const input = { key: 'engine', kind: 'VARIANT', riskClass: 'STANDARD', variants, defaultVariant: 'old' };
    expect((await run(create, input))['createFlag']).toMatchObject({
      flag: {
        key: 'engine',
        variants: [{ name: 'old', payload: null }, variants[1]],
        environments: [
          { name: 'staging', enabled: true, rules: [], metrics: { yes: 0 } },
          { name: 'production', enabled: true, rules: [] },
        ],
      },
    });
    expect(await codeOf(create, input)).toBe('FLAG_EXISTS');
    const rule = { flag: 'engine', environment: 'production', scope: seattle, enabled: true, variant: 'new' };
    const key = { ...rule, clientMutationId: 'once' };
    const first = await run(setRule, key);
    expect(first['setFlagRule']).toMatchObject({
      flag: {
        rules: [
          { enabled: true, variant: 'new', scope: { ...seattle, label: 'Seattle, Northwind Traders' } },
        ],
      },
    });
    expect(await run(setRule, key)).toEqual(first);
    expect(await codeOf(setRule, { ...rule, enabled: false, variant: null, expectedVersion: 1 })).toBe(
      'FLAG_CHANGED',
    );
    expect(await codeOf(setRule, { ...rule, scope: { kind: 'TENANT', key: 'nobody' } })).toBe(
      'SCOPE_NOT_FOUND',
    );

    const enabled = `mutation ($input: SetFlagEnabledInput!) { setFlagEnabled(input: $input) {
      flag { environment(name: "production") { enabled } } } }`;
    const killed = await run(enabled, { flag: 'engine', environment: 'production', enabled: false });
    expect(killed['setFlagEnabled']).toMatchObject({ flag: { environment: { enabled: false } } });
    await run(enabled, { flag: 'engine', environment: 'production', enabled: true });

    const { data } = await server.graphql(`{ flags(search: "engine") { totalCount edges { node { key
      environments { name rules { scope { key } } } } } } flag(key: "none") { key } }`);
    expect(data).toMatchObject({
      flags: {
        totalCount: 1,
        edges: [
          { node: { environments: [{ rules: [] }, { rules: [{ scope: { key: 'northwind/seattle' } }] }] } },
        ],
      },
      flag: null,
    });
  });

  it('explains a decision: who won, who lost and why', async () => {
    const tenant = { kind: 'TENANT', key: 'northwind' };
    await run(setRule, {
      flag: 'engine',
      environment: 'production',
      scope: tenant,
      enabled: true,
      variant: 'old',
    });
    const evaluate = `query ($input: EvaluateFlagInput!) { evaluateFlag(input: $input) { enabled variant payload reason
      rule { scope { key } } trace { outcome explanation scope { kind label } } } }`;
    const at = { flag: 'engine', environment: 'production', tenant: 'northwind' };
    expect((await run(evaluate, { ...at, branch: 'seattle' }))['evaluateFlag']).toEqual({
      enabled: true,
      variant: 'new',
      payload: { rounds: 2 },
      reason: 'RULE',
      rule: { scope: { key: 'northwind/seattle' } },
      trace: [
        {
          outcome: 'WON',
          explanation: 'Most specific rule that matches: turns on "new".',
          scope: { kind: 'BRANCH', label: 'Seattle, Northwind Traders' },
        },
        {
          outcome: 'MATCHED_BUT_LESS_SPECIFIC',
          explanation: 'Matches, but the branch rule "northwind/seattle" is more specific.',
          scope: { kind: 'TENANT', label: 'Northwind Traders' },
        },
      ],
    });
    expect((await run(evaluate, { ...at, branch: 'northwind/london' }))['evaluateFlag']).toMatchObject({
      variant: 'old',
      trace: [
        { outcome: 'WON' },
        {
          outcome: 'NOT_MATCHED',
          explanation: 'Needs branch "northwind/seattle"; the context has "northwind/london".',
        },
      ],
    });
    expect((await run(evaluate, { ...at, tenant: 'contoso' }))['evaluateFlag']).toMatchObject({
      enabled: false,
      variant: 'old',
      reason: 'DEFAULT',
      rule: null,
    });
    expect(await codeOf(evaluate, { ...at, branch: 'nowhere' })).toBe('UNIT_NOT_FOUND');
    expect(await codeOf(evaluate, { ...at, tenant: 'nobody' })).toBe('TENANT_NOT_FOUND');
    expect(await codeOf(evaluate, { ...at, environment: 'nowhere' })).toBe('ENVIRONMENT_NOT_FOUND');
    expect(await codeOf(evaluate, { ...at, flag: 'none' })).toBe('FLAG_NOT_FOUND');
  });

  it('simulates a change before it is made', async () => {
    const simulate = `query ($input: SimulateFlagChangeInput!) { simulateFlagChange(input: $input) { unchanged total
      affectedTotal affected { tenant unitKind unitCode before { variant } after { enabled variant } } } }`;
    const at = { flag: 'engine', environment: 'production' };
    const scope = { kind: 'TENANT', key: 'northwind' };
    const off = { enabled: false, variant: 'old' };
    // Seattle keeps its own rule, and so does its warehouse; variant "old" means on with it, so off is a change.
    expect((await run(simulate, { ...at, scope, clear: true }))['simulateFlagChange']).toEqual({
      total: 7,
      unchanged: 4,
      affectedTotal: 3,
      affected: [
        { tenant: 'northwind', unitKind: null, unitCode: null, before: { variant: 'old' }, after: off },
        {
          tenant: 'northwind',
          unitKind: 'ACCOUNT',
          unitCode: 'ALFKI',
          before: { variant: 'old' },
          after: off,
        },
        {
          tenant: 'northwind',
          unitKind: 'BRANCH',
          unitCode: 'london',
          before: { variant: 'old' },
          after: off,
        },
      ],
    });
    const account = { kind: 'ACCOUNT', key: 'northwind/ALFKI' };
    const drafted = await run(simulate, { ...at, scope: account, enabled: true, variant: 'new' });
    expect(drafted['simulateFlagChange']).toMatchObject({
      affected: [{ unitKind: 'ACCOUNT', unitCode: 'ALFKI', after: { variant: 'new' } }],
    });
    expect(await codeOf(simulate, { ...at, scope: account, enabled: true })).toBe('INVALID_INPUT');
  });

  it('shows a window of flags by tenants and branches: a value and the rule that decides for each', async () => {
    const matrix = `query ($input: FlagMatrixInput!) { flagMatrix(input: $input) { rowCount columnCount
      columns { key label kind tenant tenantName } decisions { enabled variant reason scope { kind key label } }
      rows { flag { key variants { name } } cells } } }`;
    const rows = { offset: 0, limit: 10 };
    const input = { environment: 'production', units: ['BRANCH'], flag: 'engine', rows };
    const { flagMatrix } = await run(matrix, { ...input, columns: { offset: 2, limit: 3 } });
    expect(flagMatrix).toEqual({
      rowCount: 1,
      columnCount: 5,
      columns: [
        { key: 'northwind', label: 'Northwind Traders', kind: 'TENANT' },
        { key: 'northwind/london', label: 'London', kind: 'BRANCH' },
        { key: 'northwind/seattle', label: 'Seattle', kind: 'BRANCH' },
      ].map((column) => ({ ...column, tenant: 'northwind', tenantName: 'Northwind Traders' })),
      decisions: [
        {
          enabled: true,
          variant: 'old',
          reason: 'RULE',
          scope: { kind: 'TENANT', key: 'northwind', label: 'Northwind Traders' },
        },
        {
          enabled: true,
          variant: 'new',
          reason: 'RULE',
          scope: { ...seattle, label: 'Seattle, Northwind Traders' },
        },
      ],
      rows: [{ flag: { key: 'engine', variants: [{ name: 'old' }, { name: 'new' }] }, cells: [0, 0, 1] }],
    });
    const tenants = { environment: 'production', rows: { limit: 1 }, columns: { limit: 9 } };
    expect((await run(matrix, tenants))['flagMatrix']).toMatchObject({ columnCount: 2 });
    expect(await codeOf(matrix, { ...input, columns: { offset: 0, limit: 501 } })).toBe('INVALID_INPUT');
  });

  it('tells of changes as they happen', async () => {
    const changes = server.controlPlane.app.get(FlagChangesResolver).flagChanged('engine');
    const next = changes.next();
    const { setFlagRule } = await run(setRule, {
      flag: 'engine',
      environment: 'production',
      scope: { kind: 'TENANT', key: 'contoso' },
      enabled: false,
    });
    expect((await next).value).toMatchObject({
      flag: { key: 'engine' },
      revision: setFlagRule?.['revision'],
      environment: 'production',
      action: 'flag.rule-set',
    });
    await changes.return?.();
  });

  it('makes an SDK token that polls at once, and revokes it', async () => {
    const create = `mutation ($input: CreateSdkTokenInput!) { createSdkToken(input: $input) { id secret } }`;
    const input = { name: 'shop', kind: 'CLIENT', environment: 'production', tenant: 'northwind' };
    const { createSdkToken } = await run<{ createSdkToken: { id: string; secret: string } }>(create, input);
    const poll = () =>
      fetch(`${server.controlPlane.url}/api/client/features`, {
        headers: { authorization: createSdkToken.secret },
      });
    const answer = await poll();
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ version: 2, features: [{ name: 'engine', enabled: true }] });
    await run(`mutation ($input: RevokeSdkTokenInput!) { revokeSdkToken(input: $input) { id } }`, {
      id: createSdkToken.id,
    });
    let status = 200;
    for (let i = 0; i < 200 && status === 200; i++) ({ status } = await poll());
    expect(status).toBe(401);
    expect(await codeOf(create, { ...input, environment: 'nowhere' })).toBe('ENVIRONMENT_NOT_FOUND');
    expect(await codeOf(create, { ...input, tenant: 'nobody' })).toBe('TENANT_NOT_FOUND');
  });
});
