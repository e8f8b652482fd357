import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { isolationFlaws } from '../../libs/tenancy/src/databases/isolation-check.js';
import {
  createTestDatabase,
  createTestLogin,
  testPostgresUrl,
  withTestClient,
  type TestDatabase,
} from '../support/database.js';
import { attackMove } from './prober/move-attacks.js';
import { markedTenant, probeDatabase, seedDatabase, type Probe } from './prober/probe-database.js';

const everyRead = ['read', 'read around the policy', 'read from an error', 'read without a tenant'];
const everyWrite = ['change', 'delete', 'delete all but own', 'give away', 'plant', 'take over'];

/** What is done to the database, and what the prober must then report of it: nothing less, and nothing else. */
const breaks: [name: string, sql: string, found: Record<string, string[]>][] = [
  ['nothing', 'select 1', {}],
  [
    'row-level security switched off',
    'alter table idempotency_key disable row level security',
    { idempotency_key: [...everyRead, ...everyWrite, 'read as the owner'] },
  ],
  [
    'row-level security not forced',
    'alter table item no force row level security',
    { item: ['read as the owner'] },
  ],
  [
    'a second policy that lets read',
    'create policy wide on item for select using (true)',
    { item: ['read', 'read as the owner', 'read from an error', 'read without a tenant'] },
  ],
  [
    'a policy that takes no tenant for all tenants',
    `drop policy own_tenant on item;
     create policy own_tenant on item using (
       tenant_id::text = current_setting('tierdeck.tenant_id') or current_setting('tierdeck.tenant_id') = '')`,
    { item: ['read without a tenant'] },
  ],
  [
    'a policy that does not check what is written',
    `drop policy own_tenant on item;
     create policy own_tenant on item using (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid) with check (true)`,
    { item: ['plant'] },
  ],
  [
    'a view with the rights of its owner',
    'create view leak as select * from account; grant select on leak to tierdeck_service',
    { leak: ['read', 'read from an error', 'read without a tenant'] },
  ],
  [
    'a view of no tenant',
    `create view leak as select name as words from account; grant select on leak to tierdeck_service`,
    { leak: ['read', 'read from an error', 'read without a tenant'] },
  ],
  [
    'a materialized view',
    'create materialized view leak as select * from account; grant select on leak to tierdeck_service',
    { leak: ['read', 'read from an error', 'read without a tenant'] },
  ],
  [
    'a partition without the policy of its table',
    `set local role tierdeck_owner;
     create table part (tenant_id uuid not null, words text, primary key (tenant_id)) partition by list (tenant_id);
     create table part_all partition of part default;
     alter table part enable row level security, force row level security;
     create policy own_tenant on part using (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid);
     reset role;
     insert into part select tenant_id, name from account;
     grant select on part, part_all to tierdeck_service`,
    {
      part_all: [
        'read',
        'read around the policy',
        'read as the owner',
        'read from an error',
        'read without a tenant',
      ],
    },
  ],
  [
    'a function with the rights of its owner that reads',
    `create function leak(words text) returns setof account language sql security definer as 'select * from account'`,
    { 'leak()': ['read through a function'] },
  ],
  [
    'a function with the rights of its owner that writes',
    `create function harm(tenant uuid) returns void language sql security definer
       as 'update account set attributes = ''{}'' where tenant_id = tenant'`,
    { 'harm()': ['change through a function'] },
  ],
  [
    'a function that says for whom to work',
    `create function become(tenant uuid) returns text language sql security definer
       as $$ select set_config('tierdeck.tenant_id', tenant::text, true) $$`,
    { 'become()': ['become another tenant'] },
  ],
  [
    'a unique key over all tenants',
    'create unique index account_name on account (name)',
    { account: ['learn from a unique key'] },
  ],
  [
    'a foreign key without the tenant',
    `alter table branch drop constraint branch_tenant_id_region_fkey;
     alter table region add column number int generated always as identity unique;
     alter table branch add column number int references region (number);`,
    {
      branch: ['refer into another tenant', 'refer into another tenant'],
      region: ['learn from a unique key'],
      'public.region_number_seq': [],
    },
  ],
  [
    'a queue that takes jobs for others',
    `drop policy own_tenant on integration_job;
     create policy own_tenant on integration_job
       using (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid) with check (true)`,
    { integration_job: ['plant'] },
  ],
  ['the right to truncate', 'grant truncate on item to tierdeck_service', { item: ['truncate'] }],
  [
    'a sequence for everybody',
    'create sequence numbers; grant usage, select on sequence numbers to tierdeck_service',
    { 'public.numbers': ['count through a sequence', 'count through a sequence'] },
  ],
  [
    'settings for everybody',
    'grant execute on function set_config(text, text, boolean) to public',
    Object.fromEntries(
      ['set_config', 'set_config for the session', 'statement_timeout', 'work_mem', 'query_to_xml'].map(
        (way) => [way, ['change a setting inside a statement']],
      ),
    ),
  ],
  [
    'sessions for everybody to see',
    'grant select on pg_stat_activity to public; grant execute on function pg_stat_get_activity(int) to public',
    { server: ['watch sessions'] },
  ],
  [
    'sizes of tables for everybody',
    'grant select on pg_class to public',
    { server: ['count rows of all tenants'] },
  ],
  [
    'locks beyond the transaction',
    'grant execute on function pg_advisory_lock(bigint) to public',
    { server: ['hold a lock beyond the transaction'] },
  ],
  [
    'the right to end work of others',
    'grant execute on function pg_cancel_backend(int) to public',
    { server: ['cancel queries'] },
  ],
  [
    'a schema to make things in',
    'grant create on schema public to tierdeck_service',
    { server: ['make a function', 'make a table'] },
  ],
  [
    'temporary tables',
    "do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$",
    { server: ['make a temporary table'] },
  ],
];

/** A function of the database without a part of it. */
function without(name: string, part: string, instead = ''): string {
  const [from, to] = [part, instead].map((text) => text.replaceAll("'", "''"));
  return `do $do$ begin execute replace(pg_get_functiondef('${name}'::regproc), '${from}', '${to}'); end $do$`;
}

/** What is done to the fence around a home, and what whoever writes or reads elsewhere must then get: MT-11. */
const holes: [name: string, sql: string, found: string[]][] = [
  ['nothing', 'select 1', []],
  [
    'a table without the fence',
    'drop trigger tierdeck_fence on item',
    ['write in a home that was left: item'],
  ],
  [
    'a fence that does not mind that the tenant has moved',
    without('tierdeck_fence', `home.state = 'MOVED'`, 'false'),
    ['write in a home that was left: *'],
  ],
  [
    'a fence that does not mind that the tenant has not come',
    without('tierdeck_fence', `home.state = 'PAUSED'`, 'false'),
    ['write before it has come: tenant_home'],
  ],
  [
    'a fence that nobody waits at',
    without(
      'tierdeck_fence',
      `perform pg_advisory_xact_lock_shared(hashtextextended('tierdeck_home:' || own_tenant, 0));`,
    ),
    ['leave while a writer is at work: tenant_home'],
  ],
  [
    'a fence that trusts an old snapshot',
    without('tierdeck_fence', `current_setting('transaction_isolation') = 'read committed'`, 'true'),
    ['write with a snapshot older than the move: tenant_home'],
  ],
  [
    'a question that is always answered with yes',
    without('tierdeck_at_home', 'if found then', 'if false then'),
    ['read before it has come: tenant_home', 'read in a home that was left: tenant_home'],
  ],
  [
    'a home that any key opens',
    without('tierdeck_arrive', `and arrival_digest = sha256(convert_to(key::text, 'UTF8'))`),
    ['open a home without its key: tenant_home'],
  ],
  [
    'a home that the service may change',
    'grant select, update on tenant_home to tierdeck_service',
    ['change what is a home: tenant_home'],
  ],
];

describe('a wall that was broken on purpose', () => {
  const login = `login_${randomBytes(5).toString('hex')}`;
  const attacker = markedTenant('attacker');
  const victim = markedTenant('victim');
  let seeded: TestDatabase;

  beforeAll(async () => {
    seeded = await createTestDatabase('tenant');
    await withTestClient(seeded.name, async (admin) => {
      await createTestLogin(admin, login, 'pass');
      await seedDatabase({ admin, login, attacker, victim });
    });
  });

  afterAll(async () => {
    await seeded.drop();
    await withTestClient('postgres', (admin) => admin.query(`drop role ${login}`));
  });

  /** A copy that is as broken as told, with a way in for the attacker. */
  async function broken<T>(sql: string, work: (probe: Probe) => Promise<T>): Promise<T> {
    const name = `${seeded.name}_broken`;
    const postgres = (statement: string) => withTestClient('postgres', (client) => client.query(statement));
    await postgres(`create database ${name} template ${seeded.name}`);
    try {
      await postgres(`revoke all on database ${name} from public`);
      await postgres(`grant connect on database ${name} to ${login}`);
      return await withTestClient(name, async (admin) => {
        await admin.query(sql);
        const url = new URL(testPostgresUrl(name));
        url.username = login;
        url.password = 'pass';
        const service = new pg.Client({ connectionString: url.toString() });
        await service.connect();
        try {
          return await work({ admin, service, login, attacker, victim });
        } finally {
          await service.end();
        }
      });
    } finally {
      await postgres(`drop database ${name} with (force)`);
    }
  }

  it.each(breaks)('%s is found by the prober, exactly', async (_name, sql, found) => {
    const findings = await broken(sql, probeDatabase);
    const expected = Object.entries(found).flatMap(([object, attacks]) =>
      attacks.map((attack) => `${attack}: ${object}`),
    );
    expect(findings.map(({ attack, object }) => `${attack}: ${object}`).sort()).toEqual(expected.sort());
  });

  it.each(holes)('%s is found by who moves or does not, exactly', async (_name, sql, found) => {
    const findings = await broken(sql, attackMove);
    const objects = new Set(findings.map(({ object }) => object));
    const all = objects.size > 20;
    const told = findings.map(({ attack, object }) => `${attack}: ${all ? '*' : object}`);
    expect([...new Set(told)].sort()).toEqual(found);
  });

  it.each([
    [
      'alter table item no force row level security',
      'Table item does not force row-level security on its owner.',
    ],
    ['drop policy own_tenant on item', 'Table item has no policy.'],
    ['create view leak as select * from account', 'View leak reads with the rights of its owner.'],
  ])('%s is found by the check of every onboarding', async (sql, sentence) => {
    expect(await broken(sql, ({ admin }) => isolationFlaws(admin, login))).toEqual([sentence]);
  });
});
