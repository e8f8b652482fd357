import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { connectTo } from '../../libs/tenancy/src/databases/database-clusters.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

/** Rows that no kit brings. Every table must have rows of the victim, or an attack on it proves nothing. */
const seeds = [
  `insert into buying_group (code, name) values ('seeded', 'Seeded') on conflict do nothing`,
  `insert into inbound_supply (reference, line_no, item, warehouse, qty, due_at)
     select 'po-1', 1, item, warehouse, 1, now() from stock limit 1 on conflict do nothing`,
  `insert into sales_order (id, account, status, currency, total, cost_total)
     select '00000000-0000-4000-8000-000000000001', code, 'ACCEPTED', 'USD', 1, 1 from account limit 1`,
  `insert into sales_order_line (order_id, line_no, item, qty, list_price, unit_price, line_total, cost, engine)
     select o.id, 1, s.item, 1, 1, 1, 1, 1, 'x' from sales_order o, stock s limit 1`,
  `insert into allocation (order_id, line_no, warehouse, item, qty)
     select l.order_id, 1, s.warehouse, s.item, 1 from sales_order_line l join stock s using (item) limit 1`,
  `insert into backorder (order_id, line_no, item, qty) select order_id, 1, item, 1 from sales_order_line limit 1`,
  `insert into idempotency_key (key, request_digest) values ('k', 'd')`,
  `insert into integration_job (kind) values ('edi')`,
  `insert into edi_interchange (standard, sender, receiver, control_number, raw, digest)
     values ('X12', 's', 'r', '1', 'raw', 'd')`,
  `insert into edi_outbound (standard, kind, control_number, body) values ('X12', '997', '1', 'b')`,
  `insert into edi_control_number (partner, level) values ('p', 'GROUP')`,
];

describe('isolation of tenants, as the role of the data plane', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let attacker: { id: string; databaseId: string };
  let victim: { id: string; databaseId: string };
  let own: { id: string; databaseId: string };

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    attacker = await onboard('attacker');
    victim = await onboard('victim');
    own = await onboard('own', { database: 'DEDICATED' });
    for (const tenant of [attacker, victim, own]) {
      await tenancy.databases.withTenant(tenant, async (client) => {
        for (const seed of seeds) await client.query(seed);
      });
    }
  });

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
  });

  describe.each(['pooled', 'dedicated'])('in the %s database', (kind) => {
    // In a dedicated database the same attacks must fail: there too the role is bound to its tenant.
    const home = (): { id: string; databaseId: string } => (kind === 'pooled' ? attacker : own);
    const target = (): string => (kind === 'pooled' ? victim.id : own.id);
    const foreign = (): { id: string; databaseId: string } =>
      kind === 'pooled'
        ? attacker
        : { id: '00000000-0000-4000-8000-0000000000ff', databaseId: own.databaseId };

    it('opens no table that is not for the service', async () => {
      const client = await tenancy.databases.connectAsService(home().databaseId);
      try {
        for (const table of ['tenant_home', 'move_marker', 'schema_migration']) {
          for (const sql of [
            `select * from "${table}"`,
            `delete from "${table}"`,
            `select 1 from "${table}" for share`,
          ]) {
            expect({ sql, got: await codeOf(client, sql) }).toEqual({ sql, got: '42501' });
          }
        }
      } finally {
        await client.end();
      }
    });

    it('has rows of the victim in every table', async () => {
      const empty: string[] = [];
      for (const table of await tables(home())) {
        if ((await rowsOf(home(), table, target())) === 0) empty.push(table);
      }
      expect(empty).toEqual([]);
    });

    it('shows no row of another tenant, and changes none', async () => {
      for (const table of await tables(home())) {
        const before = await rowsOf(home(), table, target());
        const attacks: Record<string, string> = {
          'select by id': `select 1 from "${table}" where tenant_id = '${target()}'`,
          'select with a tautology': `select 1 from "${table}" where tenant_id <> '${foreign().id}' or tenant_id is null`,
          'update by id': `update "${table}" set tenant_id = tenant_id where tenant_id = '${target()}'`,
          'take over': `update "${table}" set tenant_id = '${foreign().id}' where tenant_id = '${target()}'`,
          'delete by id': `delete from "${table}" where tenant_id = '${target()}'`,
        };
        for (const [attack, sql] of Object.entries(attacks)) {
          expect({ table, attack, got: await attempt(foreign(), sql) }).toEqual({
            table,
            attack,
            // Not even the right to do so to one's own rows of an append-only table.
            got: expect.stringMatching(/^(0 rows|42501)$/),
          });
        }
        const refused: Record<string, string> = {
          'insert for another': `insert into "${table}" (tenant_id) values ('${target()}')`,
          truncate: `truncate "${table}"`,
          'give away': `update "${table}" set tenant_id = '${target()}'`,
          'switch the policy off': `alter table "${table}" disable row level security`,
          'read around the policy': `set local row_security = off; select * from "${table}"`,
        };
        for (const [attack, sql] of Object.entries(refused)) {
          // Without rows of one's own there is nothing to give away.
          const nothing = attack === 'give away' && kind === 'dedicated';
          expect({ table, attack, got: await attempt(foreign(), sql) }).toEqual({
            table,
            attack,
            got: nothing ? expect.stringMatching(/^(0 rows|42501)$/) : '42501',
          });
        }
        expect({ table, rows: await rowsOf(home(), table, target()) }).toEqual({ table, rows: before });
      }
    });

    it('answers with an error, never with rows, when no tenant is set', async () => {
      const client = await tenancy.databases.connectAsService(home().databaseId);
      try {
        for (const table of await tables(home())) {
          for (const sql of [
            `select * from "${table}"`,
            `select count(*) from "${table}"`,
            `insert into "${table}" (tenant_id) values ('${target()}')`,
          ]) {
            expect({ sql, got: await codeOf(client, sql) }).toEqual({
              sql,
              got: expect.stringMatching(/^(42704|22P02)$/),
            });
          }
          // Also on a connection on which a tenant had been set before: then the setting is empty text.
          await client.query('begin');
          await client.query(`select set_config('tierdeck.tenant_id', $1, true)`, [target()]);
          await client.query('commit');
        }
      } finally {
        await client.end();
      }
    });

    it('leaves the role no way up, and no figures of others', async () => {
      for (const sql of [
        'set role tierdeck_owner',
        'set role postgres',
        'set session authorization postgres',
        'create table public.loot (x int)',
        'create schema loot',
        'create temporary table loot (x int)',
        'alter role current_user superuser',
        `copy item to '/tmp/loot'`,
        'create extension dblink',
      ]) {
        expect({ sql, got: await attempt(foreign(), sql) }).toEqual({
          sql,
          got: expect.stringMatching(/^(42501|0A000)$/),
        });
      }
      expect(await attempt(foreign(), `select 1 from pg_stats where schemaname = 'public'`)).toBe('0 rows');
    });
  });

  it('refuses each login in every database but its own', async () => {
    const pool = await tenancy.databases.login(attacker.databaseId);
    const dedicated = await tenancy.databases.login(own.databaseId);
    const elsewhere = [scratch.name, 'postgres', 'template1'];
    const { hostname: host, port } = new URL(scratch.url);
    for (const [login, others] of [
      [pool, [dedicated.database, ...elsewhere]],
      [dedicated, [pool.database, ...elsewhere]],
    ] as const) {
      for (const database of others) {
        const entered = connectTo({
          host,
          port: Number(port),
          database,
          user: login.role,
          password: login.password,
        });
        await expect(entered).rejects.toThrow('permission denied for database');
      }
    }
  });

  it('finds nothing to complain of in the catalogue, and does find a policy that is gone', async () => {
    const { isolationFlaws } = await import('../../libs/tenancy/src/databases/isolation-check.js');
    const { role } = await tenancy.databases.login(own.databaseId);
    const admin = await tenancy.databases.connect(own.databaseId);
    try {
      expect(await isolationFlaws(admin, role)).toEqual([]);
      await admin.query('begin');
      await admin.query('alter table item no force row level security');
      await admin.query('create view leak as select * from account');
      expect(await isolationFlaws(admin, role)).toEqual([
        'Table item does not force row-level security on its owner.',
        'View leak reads with the rights of its owner.',
      ]);
      await admin.query('rollback');
    } finally {
      await admin.end();
    }
  });

  async function onboard(
    slug: string,
    spec: Record<string, unknown> = {},
  ): Promise<{ id: string; databaseId: string }> {
    const id = await tenancy.onboard(tenantManifest(slug, spec));
    return { id, databaseId: (await tenancy.readModel.bySlug(slug)).databaseId as string };
  }

  async function asAdmin<T>(databaseId: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await tenancy.databases.connect(databaseId);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  function tables({ databaseId }: { databaseId: string }): Promise<string[]> {
    return asAdmin(databaseId, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `select relname as name from pg_class where relnamespace = 'public'::regnamespace
           and relkind in ('r', 'p') and relname <> all('{schema_migration,tenant_home,move_marker}')
         order by relname`,
      );
      return rows.map(({ name }) => name);
    });
  }

  function rowsOf({ databaseId }: { databaseId: string }, table: string, tenantId: string): Promise<number> {
    return asAdmin(databaseId, async (client) => {
      const { rows } = await client.query<{ n: number }>(
        `select count(*)::int as n from "${table}" where tenant_id = $1`,
        [tenantId],
      );
      return rows[0]?.n ?? 0;
    });
  }

  /** What an attack of a tenant got: a number of rows, or the code of the refusal. Whatever it did is rolled back. */
  async function attempt(as: { id: string; databaseId: string }, sql: string): Promise<string> {
    const client = await tenancy.databases.connectAsService(as.databaseId);
    try {
      await client.query('begin');
      await client.query(`select set_config('tierdeck.tenant_id', $1, true)`, [as.id]);
      const result: unknown = await client.query(sql);
      const last = (Array.isArray(result) ? result.at(-1) : result) as pg.QueryResult;
      await client.query('commit');
      return `${last.rowCount} rows`;
    } catch (error) {
      return String((error as { code?: string }).code);
    } finally {
      await client.end();
    }
  }

  async function codeOf(client: pg.Client, sql: string): Promise<string> {
    return client.query(sql).then(
      ({ rowCount }) => `${rowCount} rows`,
      (error: { code?: string }) => String(error.code),
    );
  }
});
