import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ShadowReport } from '#runtime/wire';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { seedTenants } from '../../../../test/support/seeded-tenants.js';

let server: TestControlPlane;
let ids: Record<string, string>;
let token: string;

beforeAll(async () => {
  server = await TestControlPlane.start();
  ids = (await seedTenants(server.controlPlane.foundation, ['northwind', 'contoso'])).ids;
  token = await runtimeToken(null);
});

afterAll(() => server?.stop());

async function runtimeToken(tenantId: string | null): Promise<string> {
  const { commands, sdkTokens } = server.controlPlane.foundation;
  const made = await commands.asSystem('test', (command) =>
    sdkTokens.create(command, { name: 'runtime', kind: 'RUNTIME', environment: 'production', tenantId }),
  );
  return made.secret;
}

function shadow(tenant: string, live: bigint, other: bigint, more: Partial<ShadowReport> = {}): ShadowReport {
  const size = other > live ? other - live : live - other;
  const micros = { liveMicros: String(live), shadowMicros: String(other) };
  return {
    tenantId: ids[tenant] ?? '',
    subject: 'pricing',
    branch: 'london',
    liveEngine: 'wwi-best-price',
    shadowEngine: 'waterfall-v2',
    currency: 'EUR',
    compared: 10,
    different: 1,
    failed: 1,
    skipped: 2,
    ...micros,
    absoluteMicros: String(size),
    examples: [{ account: 'ALFKI', item: 'USB', quantity: 3, ...micros, live: 'a', shadow: 'b' }],
    ...more,
  };
}

async function report(sequence: number, shadows: ShadowReport[], bearer = token): Promise<number> {
  const response = await fetch(new URL('/runtime/report', server.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      instanceId: bearer === token ? 'i' : 'j',
      service: 'distribution',
      tenantId: null,
      startedAt: '2026-11-23T12:00:00Z',
      sequence,
      appliedRevision: 1,
      usage: [],
      kpis: [],
      shadows,
    }),
  });
  return response.status;
}

async function differences(filter = ''): Promise<Record<string, unknown>[]> {
  const { data, errors } = await server.graphql(`{ shadowDifferences${filter} { tenant branch subject compared
    different failed skipped liveAmount shadowAmount difference absoluteDifference currency
    examples { account difference shadow } } }`);
  if (errors) throw new Error(JSON.stringify(errors));
  return (data as { shadowDifferences: Record<string, unknown>[] }).shadowDifferences;
}

describe('shadow differences', () => {
  it('are summed exactly by tenant and branch, once for each report, the largest first', async () => {
    // More than a double could hold to the last digit.
    const huge = 9_007_199_254_740_993n;
    expect(
      await report(1, [shadow('northwind', huge, huge + 1n), shadow('contoso', 5_000_000n, 2_500_000n)]),
    ).toBe(200);
    expect(await report(2, [shadow('northwind', 1n, 0n, { branch: null })])).toBe(200);
    expect(await report(3, [shadow('northwind', huge, huge + 2n)])).toBe(200);
    await report(3, [shadow('northwind', huge, 0n)]);
    expect(await differences()).toMatchObject([
      { tenant: 'contoso', difference: '-2.5', absoluteDifference: '2.5' },
      {
        tenant: 'northwind',
        branch: 'london',
        compared: 20,
        different: 2,
        failed: 2,
        skipped: 4,
        liveAmount: '18014398509.481986',
        shadowAmount: '18014398509.481989',
        difference: '0.000003',
        currency: 'EUR',
        examples: [{ difference: '0.000002' }, { difference: '0.000001' }],
      },
      { tenant: 'northwind', branch: null },
    ]);
    expect(await differences('(tenant: "contoso", subject: pricing)')).toHaveLength(1);
    expect(await differences('(subject: allocation)')).toEqual([]);
    expect(await differences('(since: "2999-01-01T00:00:00Z")')).toEqual([]);
  });

  it('keep the worst examples only', async () => {
    for (let i = 0; i < 6; i++) {
      const worse = shadow('contoso', 0n, BigInt(i) * 1_000_000n, { branch: 'many' });
      const [example] = worse.examples;
      worse.examples = Array.from({ length: 5 }, () => example as ShadowReport['examples'][number]);
      await report(10 + i, [worse]);
    }
    const [row] = await server.controlPlane.foundation.database.query<{ n: number; least: string }>(
      `select count(*)::int as n, min(shadow_micros) as least from shadow_example where branch = 'many'`,
    );
    expect(row).toEqual({ n: 20, least: '2000000' });
  });

  it('are refused from a token of another tenant, and when they are no report', async () => {
    const foreign = await runtimeToken(ids['contoso'] ?? '');
    expect(await report(1, [shadow('northwind', 1n, 2n)], foreign)).toBe(403);
    expect(await report(99, [shadow('northwind', 1n, 2n, { liveMicros: '1.5' })])).toBe(400);
    const examples = Array.from({ length: 6 }, () => shadow('northwind', 1n, 2n).examples[0]) as never;
    expect(await report(99, [shadow('northwind', 1n, 2n, { examples })])).toBe(400);
    const unknown = shadow('northwind', 1n, 2n, { tenantId: '00000000-0000-4000-8000-0000000000ff' });
    expect(await report(100, [unknown])).toBe(200);
  });
});
