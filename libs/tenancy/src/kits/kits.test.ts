import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { importKit, KitInvalidError, readKit, type Kit } from './index.js';

const kitNames = ['northwind', 'adventure-works', 'wide-world-importers', 'albion-gifts', 'bestbuy-stores'];
const maxHistoryRows = 25_000;
const tenantId = '00000000-0000-4000-8000-000000000001';
const neighbourId = '00000000-0000-4000-8000-000000000002';

let database: TestDatabase;
let client: pg.Client;
let scratch: string;
/** Half a million lines are checked once. */
let albion: Kit;

beforeAll(async () => {
  albion = await readKit('tenants/kits/albion-gifts');
  scratch = await mkdtemp(join(tmpdir(), 'tierdeck-kits-'));
});
afterAll(() => rm(scratch, { recursive: true }));

beforeEach(async () => {
  database = await createTestDatabase('tenant');
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

/** Rows and content of every table, without what differs by the clock. */
async function contents(): Promise<Record<string, { rows: number; digest: string }>> {
  const { rows: tables } = await client.query<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not in ('schema_migration', 'kit_import')`,
  );
  const found: Record<string, { rows: number; digest: string }> = {};
  for (const { name } of tables) {
    const { rows } = await client.query<{ rows: number; digest: string }>(
      `select count(*)::int as rows,
         md5(coalesce(string_agg(line, '' order by line), '')) as digest
       from (select (to_jsonb(t) - 'updated_at')::text as line from ${name} t) lines`,
    );
    if (rows[0] && rows[0].rows > 0) found[name] = rows[0];
  }
  return found;
}

/** A copy of the Northwind kit that may be spoilt. */
async function copyOfNorthwind(): Promise<string> {
  const directory = join(await mkdtemp(join(scratch, 'kit-')), 'northwind');
  await cp('tenants/kits/northwind', directory, { recursive: true });
  return directory;
}

/** Changes a file of a kit and makes kit.json agree with it, so that only the content is at fault. */
async function rewrite(directory: string, file: string, change: (text: string) => string): Promise<void> {
  const text = change(await readFile(join(directory, file), 'utf8'));
  await writeFile(join(directory, file), text);
  const kit = JSON.parse(await readFile(join(directory, 'kit.json'), 'utf8')) as Kit;
  for (const entry of kit.files) {
    if (entry.file !== file) continue;
    entry.sha256 = createHash('sha256').update(text).digest('hex');
    entry.rows = text.trimEnd().split('\n').length - 1;
  }
  await writeFile(join(directory, 'kit.json'), JSON.stringify(kit));
}

async function refusal(work: Promise<unknown>): Promise<KitInvalidError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KitInvalidError);
  return error as KitInvalidError;
}

describe.each(kitNames)('kit %s', (name) => {
  it('imports the rows it promises, and the same again changes nothing', async () => {
    const kit = await readKit(join('tenants/kits', name));
    const expected = await importKit(client, { tenantId, kit, maxHistoryRows });
    const first = await contents();
    expect(Object.fromEntries(Object.entries(first).map(([table, { rows }]) => [table, rows]))).toEqual(
      expected,
    );
    for (const file of kit.files) {
      const capped = file.table === 'order_history_line' ? Math.min(file.rows, maxHistoryRows) : file.rows;
      expect(expected[file.table]).toBe(capped);
    }
    await importKit(client, { tenantId, kit, maxHistoryRows });
    expect(await contents()).toEqual(first);
  });

  it('keeps the stock equal to its movements, and serves every branch from somewhere', async () => {
    const kit = await readKit(join('tenants/kits', name));
    await importKit(client, { tenantId, kit, maxHistoryRows: 1 });
    const { rows } = await client.query<{ off: number; unserved: number }>(
      `select
         (select count(*)::int from stock s where on_hand <> (
            select coalesce(sum(on_hand_delta), 0) from stock_movement m
            where (m.tenant_id, m.item, m.warehouse) = (s.tenant_id, s.item, s.warehouse))) as off,
         (select count(*)::int from branch b where not exists (
            select from branch_sourcing where (tenant_id, branch, position) = (b.tenant_id, b.code, 1))) as unserved`,
    );
    expect(rows).toEqual([{ off: 0, unserved: 0 }]);
  });
});

describe('the real data', () => {
  it('knows the quantity breaks that the invoices of Albion show', async () => {
    await importKit(client, { tenantId, kit: albion, maxHistoryRows: 1 });
    const { rows } = await client.query(
      `select sku, list_price::float8 as list, min_qty as from, unit_price::float8 as price
       from item join price_rule on price_rule.item = sku
       where sku in ('85123A', '22423', '84879') order by sku`,
    );
    expect(rows).toEqual([
      { sku: '22423', list: 12.75, from: 16, price: 10.95 },
      { sku: '84879', list: 1.69, from: 160, price: 1.45 },
      { sku: '85123A', list: 2.95, from: 32, price: 2.55 },
    ]);
    expect(albion.files.find(({ table }) => table === 'order_history_line')?.rows).toBe(541_909);
  });

  it('has the percent deal on the 14 USB items of Wide World Importers', async () => {
    const kit = await readKit('tenants/kits/wide-world-importers');
    await importKit(client, { tenantId, kit });
    const { rows } = await client.query(
      `select buying_group, percent_off::int as percent, count(*)::int as items,
         sum(list_price)::int as list, sum(cost)::int as cost
       from price_rule join item_group_member m using (tenant_id, item_group)
         join item on (item.tenant_id, item.sku) = (m.tenant_id, m.item)
       group by 1, 2 order by 2`,
    );
    expect(rows).toMatchObject([
      { buying_group: 'wingtip-toys', percent: 10, items: 14, list: 850, cost: 316 },
      { buying_group: 'tailspin-toys', percent: 15, items: 14, list: 850, cost: 316 },
    ]);
  });
});

describe('importKit', () => {
  it('goes on after an interruption and ends with the same rows', async () => {
    const kit = await readKit('tenants/kits/adventure-works');
    await importKit(client, { tenantId, kit });
    const whole = await contents();
    await client.end();
    await database.drop();

    database = await createTestDatabase('tenant');
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    for (let filesDone = 1; filesDone < kit.files.length; filesDone++) {
      let told = 0;
      const interrupted = importKit(client, {
        tenantId,
        kit,
        onProgress: () => {
          if (++told > filesDone) throw new Error('power cut');
        },
      });
      await expect(interrupted).rejects.toThrow('power cut');
    }
    await importKit(client, { tenantId, kit });
    expect(await contents()).toEqual(whole);
  });

  it('leaves no half file when the connection dies in the middle of one', async () => {
    const victim = new pg.Client({ connectionString: database.url });
    victim.on('error', () => undefined);
    await victim.connect();
    const { rows: pids } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
    const killed = importKit(victim, {
      tenantId,
      kit: albion,
      maxHistoryRows: 60_000,
      onProgress: async ({ message }) => {
        if (message === 'order_history_line')
          await client.query('select pg_terminate_backend($1)', [pids[0]?.pid]);
      },
    });
    await expect(killed).rejects.toThrow();
    expect(await contents()).not.toHaveProperty('order_history_line');
    await importKit(client, { tenantId, kit: albion, maxHistoryRows: 60_000 });
    expect((await contents())['order_history_line']?.rows).toBe(60_000);
  });

  it('brings the rest when a capped import is repeated without the cap', async () => {
    const kit = await readKit('tenants/kits/northwind');
    await importKit(client, { tenantId, kit, maxHistoryRows: 100 });
    expect((await contents())['order_history_line']?.rows).toBe(100);
    await importKit(client, { tenantId, kit });
    expect((await contents())['order_history_line']?.rows).toBe(2155);
  });

  it('tells the progress over all files', async () => {
    const told: number[] = [];
    await importKit(client, {
      tenantId,
      kit: albion,
      maxHistoryRows: 50_000,
      onProgress: ({ done = 0 }) => void told.push(done),
    });
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(albion.files.reduce((sum, { rows }) => sum + Math.min(rows, 50_000), 0));
    expect(told.length).toBeGreaterThan(albion.files.length);
  });

  it('writes as the service role even where an administrator is logged in', async () => {
    await client.query('alter table region add column written_by text default current_user');
    await importKit(client, { tenantId, kit: await readKit('tenants/kits/northwind') });
    const { rows } = await client.query('select distinct written_by from region');
    expect(rows).toEqual([{ written_by: 'tierdeck_service' }]);
  });

  it('writes for one tenant only', async () => {
    const kit = await readKit('tenants/kits/northwind');
    await importKit(client, { tenantId, kit });
    await importKit(client, { tenantId: neighbourId, kit });
    const { rows } = await client.query(
      `select tenant_id, count(*)::int as rows from order_history_line group by 1 order by 1`,
    );
    expect(rows).toEqual([
      { tenant_id: tenantId, rows: 2155 },
      { tenant_id: neighbourId, rows: 2155 },
    ]);
  });

  it.each([
    [
      'a value that is no number',
      'stock.csv',
      (text: string) => text.replace('NW-01,london,13', 'NW-01,london,many'),
      { line: 3, field: 'on_hand', message: /invalid input syntax for type integer: "many"/ },
    ],
    [
      'stock of an item that is not there',
      'stock.csv',
      (text: string) => text.replace('NW-01,london', 'NW-99,london'),
      { message: /breaks the rule "stock_tenant_id_item_fkey"/ },
    ],
    [
      'a price of less than nothing',
      'item.csv',
      (text: string) => text.replace('11.70,18.00', '11.70,-18.00'),
      { message: /breaks the rule "item_list_price_check"/ },
    ],
    [
      'a key that is there twice',
      'region.csv',
      (text: string) => `${text}eastern,Eastern again\n`,
      { message: /has 1 rows whose key is there twice/ },
    ],
    [
      'a missing value',
      'branch.csv',
      (text: string) => text.replace('westboro,Westboro', 'westboro,'),
      { field: 'name', message: /breaks the rule "name is required"/ },
    ],
  ])('refuses %s and keeps nothing of the file', async (_, file, change, expected) => {
    const directory = await copyOfNorthwind();
    await rewrite(directory, file, change);
    const kit = await readKit(directory);
    const error = await refusal(importKit(client, { tenantId, kit }));
    expect(error.code).toBe('KIT_INVALID');
    expect(error.file).toBe(file);
    const { message, ...place } = expected;
    expect(error.message).toMatch(message);
    expect(error).toMatchObject(place);
    expect(error.message).not.toMatch(/insert|kit_rows/i);
    expect(await contents()).not.toHaveProperty(file.replace('.csv', ''));
  });
});

describe('readKit', () => {
  it.each<[string, string, (directory: string) => Promise<void>, Partial<KitInvalidError>]>([
    [
      'a missing file',
      'item.csv',
      (d) => rm(join(d, 'item.csv')),
      { message: 'Kit northwind, item.csv: is missing' },
    ],
    [
      'half a CSV',
      'order_history_line.csv',
      (d) => truncate(join(d, 'order_history_line.csv'), 60_000),
      {
        message: expect.stringMatching(/:\d+: ends in the middle of a record: the file was cut off/) as never,
      },
    ],
    [
      'a CSV that lacks its last lines',
      'account.csv',
      async (d) => {
        const lines = (await readFile(join(d, 'account.csv'), 'utf8')).split('\n');
        await writeFile(join(d, 'account.csv'), `${lines.slice(0, 50).join('\n')}\n`);
      },
      { message: 'Kit northwind, account.csv: has 49 rows where kit.json says 91' },
    ],
    [
      'a changed value',
      'item.csv',
      async (d) => {
        const text = await readFile(join(d, 'item.csv'), 'utf8');
        await writeFile(join(d, 'item.csv'), text.replace('18.00', '17.00'));
      },
      { message: 'Kit northwind, item.csv: has another checksum than kit.json says: it was changed' },
    ],
    [
      'another header',
      'stock.csv',
      (d) => rewrite(d, 'stock.csv', (text) => text.replace('on_hand', 'onhand')),
      { line: 1, field: 'on_hand' },
    ],
    [
      'a record that is too short',
      'region.csv',
      (d) => rewrite(d, 'region.csv', (text) => text.replace('western,Western', 'western')),
      { line: 3, message: 'Kit northwind, region.csv:3: has 1 fields where the header has 2' },
    ],
  ])('refuses %s', async (_, file, spoil, expected) => {
    const directory = await copyOfNorthwind();
    await spoil(directory);
    const error = await refusal(readKit(directory));
    expect(error.file).toBe(file);
    expect(error).toMatchObject(expected);
  });

  it('refuses a compressed file that was cut off', async () => {
    const directory = await copyOfNorthwind();
    const kit = JSON.parse(await readFile(join(directory, 'kit.json'), 'utf8')) as Kit;
    const history = kit.files.find(({ table }) => table === 'order_history_line');
    if (!history) throw new Error('the kit has no history');
    const compressed = gzipSync(await readFile(join(directory, history.file)));
    history.file += '.gz';
    await writeFile(join(directory, history.file), compressed.subarray(0, compressed.length / 2));
    await writeFile(join(directory, 'kit.json'), JSON.stringify(kit));
    expect((await refusal(readKit(directory))).message).toMatch(/order_history_line\.csv\.gz: is cut off/);
  });

  it.each<[string, (kit: Kit) => unknown, string]>([
    [
      'a table that a kit has no say over',
      (kit) => (kit.files[0]!.table = 'sales_order' as never),
      'files.0.table',
    ],
    ['tenant_id as a column', (kit) => kit.files[0]!.columns.push('tenant_id'), 'files.0.columns.2'],
    ['a file outside the folder', (kit) => (kit.files[0]!.file = '../northwind/region.csv'), 'files.0.file'],
  ])('refuses %s in kit.json', async (_, spoil, field) => {
    const directory = await copyOfNorthwind();
    const kit = JSON.parse(await readFile(join(directory, 'kit.json'), 'utf8')) as Kit;
    spoil(kit);
    await writeFile(join(directory, 'kit.json'), JSON.stringify(kit));
    expect(await refusal(readKit(directory))).toMatchObject({ file: 'kit.json', field });
  });

  it('refuses a folder without kit.json', async () => {
    expect((await refusal(readKit(scratch))).message).toMatch(/kit\.json: cannot be read/);
  });
});

// The raw data is too large for the repository: the test runs where it lies beside the checkout, and is skipped elsewhere.
const rawData = join(process.cwd(), '../shared/data');
describe('build script', () => {
  (existsSync(rawData) ? it : it.skip)('makes the committed bytes out of the raw data', async () => {
    const out = join(scratch, 'built');
    const small = ['northwind', 'adventure-works', 'wide-world-importers'];
    await promisify(execFile)(process.execPath, [
      'tenants/kits/build/build.mjs',
      rawData,
      '--out',
      out,
      ...small,
    ]);
    for (const kit of small) {
      const files = await readdir(join(out, kit));
      expect(files.sort()).toEqual((await readdir(join('tenants/kits', kit))).sort());
      for (const file of files) {
        const [built, committed] = await Promise.all(
          [out, 'tenants/kits'].map((root) => readFile(join(root, kit, file))),
        );
        expect([kit, file, built!.equals(committed!)]).toEqual([kit, file, true]);
      }
    }
  });
});
