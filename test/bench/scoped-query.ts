import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { ConnectionPools, defaultConnectionLimits } from '../../libs/runtime/src/connections.js';
import { silentLogger } from '../../libs/runtime/src/logger.js';
import { createTenantDatabase, fixedHome } from '../../libs/runtime/src/tenant-database.fixture.js';
import { createTenantScope, type TenantScope } from '../../libs/runtime/src/tenant-scope.js';
import { withTestClient } from '../support/database.js';
import { quantile } from './measure.js';
import { benchScopedFind } from './scoped-find.js';
import type { Measurement } from './report.js';

const tenantCount = 50;
const itemsPerTenant = 2_000;
const warmUp = 2_000;
const queries = 20_000;
const goal = 1.25;

/**
 * One tenant's row by its key, over one connection and one query after the other: through a tenant scope under
 * row-level security, against bare pg with a prepared statement on the same rows without row-level security and with
 * the tenant as a written predicate. Both are measured in turn, query by query, so that a drift of the machine meets both.
 */
export async function benchScopedQuery(): Promise<Measurement[]> {
  const tenants = Array.from({ length: tenantCount }, () => randomUUID());
  const fixture = await createTenantDatabase(tenants);
  const pools = new ConnectionPools({ ...defaultConnectionLimits, perDatabase: 1 }, 'bench', silentLogger);
  try {
    await withTestClient(fixture.name, async (client) => {
      await client.query(
        `insert into item (tenant_id, sku, quantity)
         select t, 'sku-' || n, n from unnest($1::uuid[]) as t, generate_series(1, $2) as n`,
        [tenants, itemsPerTenant],
      );
      await client.query(`create table item_without_security (like item including all)`);
      await client.query('insert into item_without_security select * from item');
      await client.query(`grant select on item_without_security to ${fixture.login.user}`);
      await client.query('vacuum analyze');
    });
    // The pool has one connection, and both sides use it: two server processes may run at different speeds.
    const only = await pools.acquire(fixture.login);
    pools.release(only);
    const scopes = tenants.map((tenantId) =>
      createTenantScope({
        tenantId,
        pools,
        home: fixedHome(fixture.login),
        onDatabaseTime: () => undefined,
      }),
    );
    const scopedMs: number[] = [];
    const unscopedMs: number[] = [];
    for (let i = -warmUp; i < queries; i++) {
      const n = i + warmUp;
      const scoped = await timed(() => scopedRead(scopes[n % tenantCount] as TenantScope, n));
      const plain = await timed(() => unscopedRead(only.client, tenants[n % tenantCount] ?? '', n));
      if (i < 0) continue;
      scopedMs.push(scoped);
      unscopedMs.push(plain);
    }
    const ratio = quantile(scopedMs, 0.5) / quantile(unscopedMs, 0.5);
    return [
      {
        name: 'tenant-scoped query, p50',
        ours: milliseconds(scopedMs),
        reference: `${milliseconds(unscopedMs)} (unscoped, prepared)`,
        ratio,
        goal: `≤ ${goal}`,
        reached: ratio <= goal,
      },
      await benchScopedFind(fixture.login, tenants, itemsPerTenant),
    ];
  } finally {
    pools.close();
    await fixture.drop();
  }
}

async function scopedRead(scope: TenantScope, i: number): Promise<void> {
  const { rows } = await scope.query<{ quantity: number }>('select sku, quantity from item where sku = $1', [
    `sku-${1 + (i % itemsPerTenant)}`,
  ]);
  if (rows[0]?.quantity !== 1 + (i % itemsPerTenant)) throw new Error('the bench read the wrong row');
}

async function unscopedRead(client: Client, tenantId: string, i: number): Promise<void> {
  const { rows } = await client.query<{ quantity: number }>({
    name: 'unscoped',
    text: 'select sku, quantity from item_without_security where tenant_id = $1 and sku = $2',
    values: [tenantId, `sku-${1 + (i % itemsPerTenant)}`],
  });
  if (rows[0]?.quantity !== 1 + (i % itemsPerTenant)) throw new Error('the bench read the wrong row');
}

async function timed(work: () => Promise<void>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

function milliseconds(times: readonly number[]): string {
  return `${quantile(times, 0.5).toFixed(3)} ms`;
}
