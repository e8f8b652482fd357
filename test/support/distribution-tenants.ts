import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { DatabaseSnapshot, QuotaSnapshot, RuntimeSnapshot, TenantSnapshot } from '#runtime/wire';
import {
  createTestDatabase,
  createTestLogin,
  testPostgresUrl,
  withTestClient,
  type TestDatabase,
} from './database.js';

export interface TestTenant {
  id: string;
  slug: string;
  /** Bearer token of the tenant's callers. */
  token: string;
}

/** A pooled distribution database with a login role as in production: no superuser, no owner, no BYPASSRLS. */
export interface TestDataPlane {
  tenants: TestTenant[];
  snapshot: RuntimeSnapshot;
  /** Runs SQL as a superuser in a tenant's context, to prepare and to check; row-level security does not bind it. */
  asTenant(tenant: TestTenant, sql: string, parameters?: unknown[]): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

/** @param fill brings a tenant's rows in, as a superuser in the tenant's context; default is a small catalogue. */
export async function createTestDataPlane(
  slugs: readonly string[],
  fill: (client: pg.Client, tenant: TestTenant) => Promise<unknown> = (client) => client.query(catalogue),
): Promise<TestDataPlane> {
  const database = await createTestDatabase('tenant');
  const role = `login_${randomBytes(5).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  await withTestClient(database.name, (client) => createTestLogin(client, role, password));
  const tenants = slugs.map((slug) => ({
    slug,
    id: randomUUID(),
    token: `td_${randomBytes(16).toString('hex')}`,
  }));
  const asTenant: TestDataPlane['asTenant'] = (tenant, sql, parameters) =>
    withTestClient(database.name, async (client) => {
      await client.query(`select set_config('tierdeck.tenant_id', $1, false)`, [tenant.id]);
      const { rows } = await client.query<Record<string, unknown>>(sql, parameters);
      return rows;
    });
  for (const tenant of tenants) {
    await withTestClient(database.name, async (client) => {
      await client.query(`select set_config('tierdeck.tenant_id', $1, false)`, [tenant.id]);
      await fill(client, tenant);
    });
  }
  return {
    tenants,
    asTenant,
    snapshot: {
      revision: 1,
      tenants: tenants.map(snapshotOf),
      databases: [login(database, role, password)],
    },
    drop: async () => {
      await database.drop();
      await withTestClient('postgres', async (client) => {
        await client.query(`drop role ${role}`);
      });
    },
  };
}

export function rateQuota(limit: number, burst: number): QuotaSnapshot {
  const boost = { boostUntil: null, limitAfterBoost: null, burstAfterBoost: null };
  return { kind: 'REQUEST_RATE', limit, burst, hard: true, source: 'PLAN', ...boost };
}

function snapshotOf(tenant: TestTenant): TenantSnapshot {
  return {
    id: tenant.id,
    slug: tenant.slug,
    name: tenant.slug,
    status: 'ACTIVE',
    tier: 'SHARED',
    region: 'eu',
    databaseId: 'pool',
    integrationWorkers: 'SHARED',
    tokenHashes: [createHash('sha256').update(tenant.token).digest('hex')],
    quotas: [],
    weight: 1,
  };
}

function login(database: TestDatabase, user: string, password: string): DatabaseSnapshot {
  const { hostname, port } = new URL(testPostgresUrl());
  const address = { host: hostname, port: Number(port), database: database.name };
  return { id: 'pool', kind: 'POOLED', ...address, user, password };
}

/**
 * A small distributor: USB-1 at list price 850.00 and cost 316.00 with a 10 % deal (Wide World Importers' example),
 * a contract of account ACME, breaks for everybody, and stock in three warehouses.
 */
const catalogue = `
  insert into region (code, name) values ('EU', 'Europe');
  insert into branch (code, name, region, latitude, longitude) values
    ('berlin', 'Berlin', 'EU', 52.52, 13.40), ('paris', 'Paris', 'EU', 48.86, 2.35);
  insert into warehouse (code, name, branch, latitude, longitude) values
    ('wh-berlin', 'Berlin', 'berlin', 52.52, 13.40),
    ('wh-leipzig', 'Leipzig', null, 51.34, 12.37),
    ('wh-paris', 'Paris', 'paris', 48.86, 2.35);
  insert into branch_sourcing (branch, position, warehouse) values ('paris', 1, 'wh-paris'), ('paris', 2, 'wh-leipzig');
  insert into buying_group (code, name) values ('tailspin', 'Tailspin Toys');
  insert into account (code, name, class, category, buying_group, branch, currency, delivery_rule) values
    ('ACME', 'Acme', 'A', 'Novelty Shop', 'tailspin', 'berlin', 'EUR', 'PARTIAL'),
    ('WHOLE', 'Whole lines only', 'B', null, null, 'berlin', 'EUR', 'COMPLETE'),
    ('PARIS', 'Paris shop', 'C', null, null, 'paris', 'EUR', 'PARTIAL');
  insert into item_group (code, name) values ('USB', 'USB novelties');
  insert into item (sku, description, uom, pack_size, item_group, cost, list_price, attributes) values
    ('USB-1', 'USB rocket launcher', 'EA', 12, 'USB', 316, 850, '{}'),
    ('MUG', 'Mug', 'EA', 1, null, 4, 10, '{"uoms": {"CASE": 24}}'),
    ('PEN', 'Pen', 'EA', 1, null, 0, 0.05, '{}');
  insert into item (sku, description, list_price, saleable) values ('PART', 'Spring', 0, false);
  insert into item (sku, description, cost, list_price, discontinued) values ('CLOCK', 'Wall clock', 2, 5, true);
  insert into item_group_member (item_group, item) values ('USB', 'USB-1');
  insert into price_rule (code, kind, item_group, percent_off) values ('USB-10', 'PROMO', 'USB', 10);
  insert into price_rule (code, kind, item, min_qty, unit_price) values
    ('MUG-12', 'LIST', 'MUG', 12, 9.5), ('MUG-48', 'LIST', 'MUG', 48, 9);
  insert into price_rule (code, kind, account, item, unit_price) values ('ACME-MUG', 'CONTRACT', 'ACME', 'MUG', 8);
  insert into price_rule (code, kind, item, account, base, markup_percent, round_to, surcharge) values
    ('PARIS-CLOCK', 'CONTRACT', 'CLOCK', 'PARIS', 'COST', 70, 0.25, 0.99);
  insert into pricing_policy (account_class, floor_margin_percent, floor_mode) values ('*', 20, 'CLAMP');
  insert into edi_partner (code, name, standard, qualifier, identifier, account, profile) values
    ('tailspin', 'Tailspin Toys', 'X12', 'ZZ', 'TAILSPIN', 'ACME', '{}');
  insert into stock (item, warehouse, on_hand, safety) values
    ('USB-1', 'wh-berlin', 100, 0), ('USB-1', 'wh-leipzig', 50, 10), ('USB-1', 'wh-paris', 20, 0),
    ('MUG', 'wh-berlin', 10, 0), ('MUG', 'wh-leipzig', 30, 0), ('MUG', 'wh-paris', 100, 0),
    ('PEN', 'wh-berlin', 100000, 0), ('CLOCK', 'wh-berlin', 2, 0);`;
