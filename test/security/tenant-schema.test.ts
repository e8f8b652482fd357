import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const albion = '00000000-0000-4000-8000-00000000000a';
const northwind = '00000000-0000-4000-8000-00000000000b';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase('tenant');
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/** Runs statements as the service does: neither superuser nor owner, one tenant set for the transaction. */
async function asTenant<T>(tenantId: string | null, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    if (tenantId) await client.query(`select set_config('tierdeck.tenant_id', $1, true)`, [tenantId]);
    await client.query('set local role tierdeck_service');
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

async function names(sql: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(sql);
  return rows.map((row) => row.name);
}

const tenantTables = `select c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole::text as owner
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'schema_migration'`;

describe('catalogue of the distribution database', () => {
  it('has tables to speak of', async () => {
    expect((await names(`select relname as name from (${tenantTables}) t`)).length).toBeGreaterThan(20);
  });

  it('enables and forces row-level security on every table, with one policy for reading and writing', async () => {
    expect(
      await names(
        `select relname as name from (${tenantTables}) t where not (relrowsecurity and relforcerowsecurity)
           or 1 <> (select count(*) from pg_policy p where p.polrelid = t.oid and p.polcmd = '*'
             and pg_get_expr(p.polqual, p.polrelid) = pg_get_expr(p.polwithcheck, p.polrelid))`,
      ),
    ).toEqual([]);
  });

  it('leads every primary key, unique key, index and foreign key with tenant_id', async () => {
    expect(
      await names(
        `select i.indexrelid::regclass::text as name from pg_index i join (${tenantTables}) t on t.oid = i.indrelid
         where (select attname from pg_attribute where attrelid = t.oid and attnum = i.indkey[0]) is distinct from 'tenant_id'
         union all
         select conname from pg_constraint k join (${tenantTables}) t on t.oid = k.conrelid
         where contype = 'f' and (select attname from pg_attribute where attrelid = t.oid and attnum = k.conkey[1]) <> 'tenant_id'
         union all
         select relname from (${tenantTables}) t
         where not exists (select from pg_index where indrelid = t.oid and indisprimary)`,
      ),
    ).toEqual([]);
  });

  it('has an index under every foreign key of a table that grows with orders', async () => {
    expect(
      await names(
        `select c.conname as name from pg_constraint c join (${tenantTables}) t on t.oid = c.conrelid
         where c.contype = 'f' and t.relname in ('allocation', 'sales_order_line', 'backorder')
           and not exists (select from pg_index i where i.indrelid = t.oid
             and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] = c.conkey)`,
      ),
    ).toEqual([]);
  });

  it('belongs to a role that cannot log in, and grants PUBLIC nothing', async () => {
    expect(
      await names(`select relname as name from (${tenantTables}) t where owner <> 'tierdeck_owner'`),
    ).toEqual([]);
    expect(
      await names(
        `select relname as name from pg_class c, aclexplode(c.relacl) a
         where c.relnamespace = 'public'::regnamespace and a.grantee = 0
         union all
         select nspname from pg_namespace n, aclexplode(n.nspacl) a where n.nspname = 'public' and a.grantee = 0`,
      ),
    ).toEqual([]);
    expect(
      await names(
        `select rolname as name from pg_roles where rolname in ('tierdeck_owner', 'tierdeck_service')
           and (rolcanlogin or rolsuper or rolbypassrls or rolcreatedb or rolcreaterole)`,
      ),
    ).toEqual([]);
  });

  it('keeps to itself what says where a tenant lives and what was migrated', async () => {
    expect(
      await names(
        `select c.relname || ' ' || a.privilege_type as name from pg_class c, aclexplode(c.relacl) a
         where c.relname in ('tenant_home', 'move_marker', 'worker_assignment', 'schema_migration') and a.grantee = 'tierdeck_service'::regrole`,
      ),
    ).toEqual([]);
  });

  it('lets the service neither truncate nor reference nor make triggers, nor rewrite what is append-only', async () => {
    expect(
      await names(
        `select c.relname || ' ' || a.privilege_type as name from pg_class c, aclexplode(c.relacl) a
         where c.relnamespace = 'public'::regnamespace and a.grantee = 'tierdeck_service'::regrole
           and (a.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN') or a.is_grantable
             or c.relname in ('stock_movement', 'order_history_line', 'kit_import') and a.privilege_type in ('UPDATE', 'DELETE'))`,
      ),
    ).toEqual([]);
  });
});

describe('row-level security', () => {
  it('fails without a tenant instead of showing all rows', async () => {
    await expect(asTenant(null, () => client.query('select * from item'))).rejects.toThrow(
      /unrecognized configuration parameter|invalid input syntax for type uuid/,
    );
  });

  it('shows a tenant its own rows and takes none in the name of another', async () => {
    await asTenant(albion, () =>
      client.query(`insert into item (sku, description, list_price) values ('85123A', 'Heart holder', 2.95)`),
    );
    const seen = (tenantId: string) =>
      asTenant(tenantId, () => client.query('select * from item')).then((r) => r.rowCount);
    expect(await seen(albion)).toBe(1);
    expect(await seen(northwind)).toBe(0);
    await expect(
      asTenant(northwind, () =>
        client.query(
          `insert into item (tenant_id, sku, description, list_price) values ($1, 'forged', 'x', 1)`,
          [albion],
        ),
      ),
    ).rejects.toThrow(/row-level security/);
    await expect(
      asTenant(albion, () => client.query('update item set tenant_id = $1', [northwind])),
    ).rejects.toThrow(/row-level security/);
  });

  it('does not let a foreign key reach into another tenant', async () => {
    await expect(
      asTenant(northwind, () =>
        client.query(
          `insert into item_group (code, name) values ('g', 'g');
           insert into item_group_member (item_group, item) values ('g', '85123A')`,
        ),
      ),
    ).rejects.toThrow(/foreign key/);
  });

  it('refuses to allocate more than is on hand', async () => {
    await expect(
      asTenant(albion, () =>
        client.query(
          `insert into warehouse (code, name) values ('main', 'Main');
           insert into stock (item, warehouse, on_hand, allocated) values ('85123A', 'main', 5, 6)`,
        ),
      ),
    ).rejects.toThrow(/stock_never_oversold/);
  });

  it('tells listeners whose job is due', async () => {
    const heard: string[] = [];
    client.on('notification', (message) => heard.push(message.payload ?? ''));
    await client.query('listen integration_job');
    await asTenant(albion, () => client.query(`insert into integration_job (kind) values ('edi.receive')`));
    await client.query('unlisten integration_job');
    expect(heard).toEqual([albion]);
  });
});

describe('release migrations', () => {
  it('apply on top and go back', async () => {
    const [up = '', down = ''] = (
      await readFile('migrations/tenant/releases/0002_promised_date.sql', 'utf8')
    ).split(/^-- down$/m);
    await client.query(up);
    await asTenant(albion, () => client.query('select promised_date from sales_order'));
    await client.query(down);
    await expect(
      asTenant(albion, () => client.query('select promised_date from sales_order')),
    ).rejects.toThrow(/promised_date/);
  });
});
