import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { exampleTenants } from '../flags.fixture.js';

let server: TestControlPlane;

beforeAll(async () => {
  server = await TestControlPlane.start();
  const { database } = server.controlPlane.foundation;
  await database.query(exampleTenants);
  await ask(`mutation { createFlag(input: { key: "engine", kind: VARIANT, variants: [{ name: "old" },
    { name: "new", payload: { steps: 5 } }], defaultVariant: "old" }) { revision } }`);
  await ask(`mutation { createFlag(input: { key: "other", kind: BOOLEAN }) { revision } }`);
  await ask(`mutation { setFlagRule(input: { flag: "engine", environment: "production", enabled: true,
    variant: "new", scope: { kind: TENANT, key: "northwind" } }) { revision } }`);
});

afterAll(() => server?.stop());

async function ask<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const { data, errors } = await server.graphql(query, variables);
  if (errors) throw new Error(`${errors[0]?.extensions.code}: ${errors[0]?.message}`);
  return data as T;
}

const seattleOff = {
  kind: 'SET_RULE',
  flag: 'engine',
  scope: { kind: 'BRANCH', key: 'northwind/seattle' },
  enabled: false,
};
const everybodyOn = {
  kind: 'SET_RULE',
  flag: 'other',
  scope: { kind: 'ENVIRONMENT', key: '*' },
  enabled: true,
};

describe('a simulation', () => {
  interface Impact {
    flag: string;
    total: number;
    affectedTotal: number;
    affectedTenants: number;
    unchanged: number;
    transitions: object[];
    affected: { tenant: string; unitCode: string | null }[];
  }
  const fields = `flag total affectedTotal affectedTenants unchanged
    transitions { before { enabled variant } after { enabled variant } count } affected { tenant unitCode }`;

  it('of several changes tells who goes from what to what, of tenants, branches, warehouses and accounts', async () => {
    const { simulateFlagChanges } = await ask<{ simulateFlagChanges: Impact[] }>(
      `query ($input: SimulateFlagChangesInput!) { simulateFlagChanges(input: $input) { ${fields} } }`,
      { input: { environment: 'production', changes: [seattleOff, everybodyOn] } },
    );
    expect(simulateFlagChanges).toMatchObject([
      {
        flag: 'engine',
        // Two tenants, three branches, a warehouse and an account.
        total: 7,
        // The branch and the warehouse in it.
        affectedTotal: 2,
        affectedTenants: 1,
        unchanged: 5,
        transitions: [
          { before: { enabled: true, variant: 'new' }, after: { enabled: false, variant: 'old' }, count: 2 },
        ],
        affected: [
          { tenant: 'northwind', unitCode: 'seattle' },
          { tenant: 'northwind', unitCode: 'w1' },
        ],
      },
      { flag: 'other', affectedTotal: 7, affectedTenants: 2, unchanged: 0 },
    ]);
  });

  it('of a change request gives its examples in pages', async () => {
    const { openChangeRequest } = await ask<{ openChangeRequest: { changeRequest: { id: string } } }>(
      `mutation ($input: OpenChangeRequestInput!) { openChangeRequest(input: $input) { changeRequest { id } } }`,
      { input: { title: 'all', environment: 'production', changes: [everybodyOn] } },
    );
    const { id } = openChangeRequest.changeRequest;
    const page = async (first: number, skip: number): Promise<string[]> => {
      const { simulateChangeRequest } = await ask<{ simulateChangeRequest: Impact[] }>(
        `query ($id: ID!, $first: Int, $skip: Int) {
           simulateChangeRequest(id: $id, first: $first, skip: $skip) { ${fields} } }`,
        { id, first, skip },
      );
      return (simulateChangeRequest[0]?.affected ?? []).map(
        ({ tenant, unitCode }) => `${tenant}/${unitCode}`,
      );
    };
    expect([...(await page(4, 0)), ...(await page(4, 4))]).toEqual(await page(100, 0));
    await expect(page(1_001, 0)).rejects.toThrow('INVALID_INPUT');
  });

  it('reads more units than fit one page, once each', async () => {
    const { database } = server.controlPlane.foundation;
    await database.query(`insert into unit (tenant_id, kind, code, name)
      select id, 'ACCOUNT', 'a' || n, 'A' from tenant, generate_series(1, 5500) n where slug = 'contoso'`);
    const { simulateFlagChanges } = await ask<{ simulateFlagChanges: Impact[] }>(
      `query ($input: SimulateFlagChangesInput!) { simulateFlagChanges(input: $input, first: 0) { ${fields} } }`,
      { input: { environment: 'production', changes: [everybodyOn] } },
    );
    expect(simulateFlagChanges).toMatchObject([
      { total: 5_507, affectedTotal: 5_507, affectedTenants: 2, affected: [] },
    ]);
  });
});

describe('the playground', () => {
  interface Cell {
    flag: string;
    environment: string;
    context: number;
    changed: boolean;
    live: { variant: string | null; trace: { outcome: string; explanation: string }[] };
    draft: { variant: string | null } | null;
  }
  const query = `query ($input: PlaygroundInput!) { playground(input: $input) { contexts nextAfter cells {
    flag environment context changed live { enabled variant payload reason trace { outcome explanation } }
    draft { enabled variant } } } }`;

  it('decides flags × environments × contexts, live and draft, and explains each with the value that decided', async () => {
    const { playground } = await ask<{ playground: { contexts: object[]; cells: Cell[] } }>(query, {
      input: {
        flags: ['engine', 'other'],
        environments: ['staging', 'production'],
        contexts: [
          { tenant: 'northwind', branch: 'seattle' },
          { tenant: 'contoso', properties: { plan: 'gold', tenant: 'northwind' } },
        ],
        changes: [seattleOff],
      },
    });
    expect(playground.contexts[1]).toEqual({
      plan: 'gold',
      tenant: 'contoso',
      tier: 'DEDICATED',
      region: 'us',
    });
    expect(playground.cells).toHaveLength(8);
    const of = (flag: string, environment: string, context: number): Cell | undefined =>
      playground.cells.find(
        (cell) => cell.flag === flag && cell.environment === environment && cell.context === context,
      );
    expect(of('engine', 'production', 0)).toMatchObject({
      changed: true,
      live: { enabled: true, variant: 'new', payload: { steps: 5 }, reason: 'RULE' },
      draft: { enabled: false, variant: 'old' },
    });
    expect(of('engine', 'production', 1)).toMatchObject({ changed: false, live: { enabled: false } });
    expect(of('engine', 'production', 1)?.live.trace).toEqual([
      { outcome: 'NOT_MATCHED', explanation: 'Needs tenant "northwind"; the context has "contoso".' },
    ]);
    expect(of('engine', 'staging', 0)).toMatchObject({ live: { enabled: false, reason: 'DEFAULT' } });
  });

  it('goes over all tenants in pages, and refuses more than it can hold', async () => {
    const { playground } = await ask<{
      playground: { contexts: { tenant: string }[]; nextAfter: string | null };
    }>(query, { input: { flags: ['engine'], environments: ['production'], allTenants: true } });
    expect(playground.contexts.map(({ tenant }) => tenant)).toEqual(['contoso', 'northwind']);
    expect(playground.nextAfter).toBeNull();
    const refused = (input: object): Promise<unknown> =>
      ask(query, { input: { flags: ['engine'], environments: ['production'], contexts: [{}], ...input } });
    await expect(refused({ flags: [] })).rejects.toThrow('INVALID_INPUT');
    await expect(refused({ contexts: Array.from({ length: 201 }, () => ({})) })).rejects.toThrow(
      'INVALID_INPUT',
    );
    await expect(refused({ contexts: [{ properties: { a: 1 } }] })).rejects.toThrow('INVALID_INPUT');
    await expect(refused({ flags: ['none'] })).rejects.toThrow('FLAG_NOT_FOUND');
    await expect(refused({ contexts: [{ tenant: 'nobody' }] })).rejects.toThrow('TENANT_NOT_FOUND');
  });
});

describe('the lint', () => {
  it('warns of a flag that moves money being turned on for everybody, in a draft and in a change request', async () => {
    await ask(
      `mutation { createFlag(input: { key: "money", kind: BOOLEAN, riskClass: FINANCIAL }) { revision } }`,
    );
    const input = { environment: 'production', changes: [{ ...everybodyOn, flag: 'money' }] };
    const { lintFlagChanges } = await ask<{ lintFlagChanges: object[] }>(
      `query ($input: SimulateFlagChangesInput!) { lintFlagChanges(input: $input) { code severity change flag } }`,
      { input },
    );
    const finding = { code: 'FINANCIAL_EVERYWHERE', severity: 'WARNING' };
    expect(lintFlagChanges).toEqual([{ ...finding, change: 0, flag: 'money' }]);
    const { openChangeRequest } = await ask<{ openChangeRequest: object }>(
      `mutation ($input: OpenChangeRequestInput!) { openChangeRequest(input: $input) {
         changeRequest { status lint { code severity } } } }`,
      { input: { ...input, title: 'all', submit: true } },
    );
    expect(openChangeRequest).toEqual({ changeRequest: { status: 'IN_REVIEW', lint: [finding] } });
  });
});

describe('stale flags', () => {
  it('are found by use, reach and code; a scan replaces the one before', async () => {
    const { database } = server.controlPlane.foundation;
    const stale = async (): Promise<Record<string, string[]>> => {
      const { staleFlags } = await ask<{ staleFlags: { flag: string; reasons: string[] }[] }>(
        `{ staleFlags(days: 30) { flag reasons advice codeReferences lastSeenAt } }`,
      );
      return Object.fromEntries(staleFlags.map(({ flag, reasons }) => [flag, reasons]));
    };
    expect(await stale()).toEqual({});
    await ask(`mutation { createFlag(input: { key: "done", kind: BOOLEAN }) { revision } }`);
    await ask(`mutation { createFlag(input: { key: "gone", kind: BOOLEAN }) { revision } }`);
    await ask(`mutation { archiveFlag(input: { flag: "gone" }) { revision } }`);
    await ask(`mutation { setFlagRule(input: { flag: "done", environment: "production", enabled: true,
      scope: { kind: ENVIRONMENT, key: "*" } }) { revision } }`);
    await database.query(
      `update flag set created_at = now() - interval '90 days' where key in ('done', 'other')`,
    );
    await database.query(`update flag_rule set set_at = now() - interval '90 days' where flag_key = 'done'`);
    await database.query(`insert into flag_metric (flag_key, environment, yes, last_seen_at)
      values ('done', 'production', 5, now())`);
    expect(await stale()).toEqual({ done: ['ROLLED_OUT'], other: ['UNUSED'] });

    const upload = (references: object[]): Promise<{ uploadCodeReferences: { kept: number } }> =>
      ask(`mutation ($input: UploadCodeReferencesInput!) { uploadCodeReferences(input: $input) { kept } }`, {
        input: { repository: 'shop', commit: 'abc', files: 3, references },
      });
    const place = { path: 'src/a.ts', line: 7, excerpt: "isEnabled('engine')" };
    await upload([{ flag: 'other', ...place }]);
    const { uploadCodeReferences } = await upload([
      { flag: 'engine', ...place },
      { flag: 'gone', ...place },
      { flag: 'no-flag', ...place },
    ]);
    expect(uploadCodeReferences.kept).toBe(2);
    expect(await stale()).toEqual({
      done: ['ROLLED_OUT', 'NOT_IN_CODE'],
      gone: ['ARCHIVED_IN_CODE'],
      money: ['NOT_IN_CODE'],
      other: ['UNUSED', 'NOT_IN_CODE'],
    });
    const { flag } = await ask<{ flag: object }>(
      `{ flag(key: "engine") { codeReferences { repository commit path line excerpt } } }`,
    );
    expect(flag).toEqual({ codeReferences: [{ repository: 'shop', commit: 'abc', ...place }] });
    await expect(upload([{ flag: 'engine', path: '', line: 1 }])).rejects.toThrow('INVALID_INPUT');
  });
});
