import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { exampleTenants } from '../flags.fixture.js';

let server: TestControlPlane;

beforeAll(async () => {
  server = await TestControlPlane.start();
  await server.controlPlane.foundation.database.query(exampleTenants);
  await ask(`mutation { createProject(input: { key: "shop", name: "Shop" }) { key } }`);
  await ask(
    `mutation { createFlag(input: { key: "banner", kind: BOOLEAN, project: "shop", owner: "web" }) { revision } }`,
  );
  await ask(`mutation { createFlag(input: { key: "engine", kind: VARIANT, riskClass: FINANCIAL, owner: "pricing",
    variants: [{ name: "old" }, { name: "new" }], defaultVariant: "old" }) { revision } }`);
  await ask(`mutation { createFlag(input: { key: "late", kind: BOOLEAN, lifecycle: STALE }) { revision } }`);
});
afterAll(() => server?.stop());

async function ask<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const { data, errors } = await server.graphql(query, variables);
  if (errors) throw new Error(`${errors[0]?.extensions.code}: ${errors[0]?.message}`);
  return data as T;
}

async function keys(filter: string): Promise<string[]> {
  const { flags } = await ask<{ flags: { edges: { node: { key: string } }[]; totalCount: number } }>(
    `{ flags(${filter}) { edges { node { key } } totalCount } }`,
  );
  expect(flags.totalCount).toBe(flags.edges.length);
  return flags.edges.map(({ node }) => node.key);
}

describe('the list of flags', () => {
  it('is narrowed by project, kind, risk class, owner and state', async () => {
    expect(await keys('project: ["shop"]')).toEqual(['banner']);
    expect(await keys('kind: [VARIANT]')).toEqual(['engine']);
    expect(await keys('riskClass: [STANDARD]')).toEqual(['banner', 'late']);
    expect(await keys('owner: ["web", "pricing"]')).toEqual(['banner', 'engine']);
    expect(await keys('lifecycle: [STALE]')).toEqual(['late']);
    expect(await keys('stale: true')).toEqual(['late']);
    expect(await keys('killed: true')).toEqual([]);
    await ask(
      `mutation { setFlagEnabled(input: { flag: "banner", environment: "staging", enabled: false }) { revision } }`,
    );
    expect(await keys('killed: true')).toEqual(['banner']);
    expect(await ask('{ flagOwners }')).toEqual({ flagOwners: ['pricing', 'web'] });
    const many = JSON.stringify(Array.from({ length: 101 }, (_, n) => `p${n}`));
    await expect(keys(`project: ${many}`)).rejects.toThrow('INVALID_INPUT');
    expect(await ask('{ staleFlags(flags: ["engine", "late"]) { flag reasons } }')).toEqual({
      staleFlags: [{ flag: 'late', reasons: ['MARKED_STALE'] }],
    });
  });
});

describe('what refers to segments and projects', () => {
  it('is told before they are changed: rules and strategies of flags in use', async () => {
    const { createSegment } = await ask<{ createSegment: { id: number } }>(
      `mutation { createSegment(input: { name: "gold", constraints: [{ contextName: "plan", operator: "IN",
        values: ["gold"] }] }) { id } }`,
    );
    const { id } = createSegment;
    for (const tenant of ['northwind', 'contoso'])
      await ask(
        `mutation ($s: [Int!]) { setFlagRule(input: { flag: "banner", environment: "production", enabled: true,
          scope: { kind: TENANT, key: "${tenant}" }, segments: $s }) { revision } }`,
        { s: [id] },
      );
    await ask(
      `mutation ($s: [JSON!]) { setFlagStrategies(input: { flag: "late", environment: "staging", strategies: $s }) { revision } }`,
      { s: [{ name: 'default', parameters: {}, constraints: [], segments: [id] }] },
    );
    const { segments } = await ask<{ segments: object[] }>(
      '{ segments { name uses { flag environment riskClass rules strategies } } }',
    );
    expect(segments).toEqual([
      {
        name: 'gold',
        uses: [
          { flag: 'banner', environment: 'production', riskClass: 'STANDARD', rules: 2, strategies: false },
          { flag: 'late', environment: 'staging', riskClass: 'STANDARD', rules: 0, strategies: true },
        ],
      },
    ]);
  });

  it('a project has its flags counted and can be called otherwise', async () => {
    await ask(`mutation { updateProject(input: { key: "shop", description: "The web shop" }) { key } }`);
    expect(await ask('{ projects { key name description flags } }')).toEqual({
      projects: [
        { key: 'default', name: 'Default', description: '', flags: 2 },
        { key: 'shop', name: 'Shop', description: 'The web shop', flags: 1 },
      ],
    });
    const update = (input: string): Promise<unknown> =>
      ask(`mutation { updateProject(input: { ${input} }) { key } }`);
    await expect(update('key: "nowhere"')).rejects.toThrow('PROJECT_NOT_FOUND');
    await expect(update('key: "shop", name: ""')).rejects.toThrow('INVALID_INPUT');
  });
});

describe('a simulation', () => {
  it('tells of flags that change with the one they depend on, and of no others', async () => {
    for (const key of ['child', 'idle'])
      await ask(
        `mutation { createFlag(input: { key: "${key}", kind: BOOLEAN, dependencies: [{ flag: "late" }] }) { revision } }`,
      );
    const { flags } = await ask<{ flags: { edges: { node: { key: string; dependents: string[] } }[] } }>(
      '{ flags(first: 50) { edges { node { key dependents } } } }',
    );
    const dependents = new Map(flags.edges.map(({ node }) => [node.key, node.dependents]));
    expect([dependents.get('late'), dependents.get('child')]).toEqual([['child', 'idle'], []]);
    const on = '{ kind: ENVIRONMENT, key: "*" }';
    await ask(
      `mutation { setFlagRule(input: { flag: "child", environment: "production", enabled: true, scope: ${on} }) { revision } }`,
    );
    const { simulateFlagChanges } = await ask<{ simulateFlagChanges: object[] }>(
      `{ simulateFlagChanges(first: 0, input: { environment: "production", changes: [
         { kind: SET_RULE, flag: "late", enabled: true, scope: { kind: TENANT, key: "northwind" } }] }) {
         flag affectedTenants } }`,
    );
    expect(simulateFlagChanges).toEqual([
      { flag: 'late', affectedTenants: 1 },
      { flag: 'child', affectedTenants: 1 },
    ]);
  });
});
