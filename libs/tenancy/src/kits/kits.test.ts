import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { importKit, readKit } from './index.js';
import { KitDatabase, tenantId, useScratch } from './kits.fixture.js';

const kitNames = ['northwind', 'adventure-works', 'wide-world-importers', 'albion-gifts', 'bestbuy-stores'];
const maxHistoryRows = 25_000;

describe.each(kitNames)('kit %s', (name) => {
  const kits = KitDatabase.forEachTest();

  it('imports the rows it promises, and the same again changes nothing', async () => {
    const kit = await readKit(join('tenants/kits', name));
    const expected = await importKit(kits.client, { tenantId, kit, maxHistoryRows });
    const first = await kits.contents();
    expect(Object.fromEntries(Object.entries(first).map(([table, { rows }]) => [table, rows]))).toEqual(
      expected,
    );
    for (const file of kit.files) {
      const capped = file.table === 'order_history_line' ? Math.min(file.rows, maxHistoryRows) : file.rows;
      expect(expected[file.table]).toBe(capped);
    }
    await importKit(kits.client, { tenantId, kit, maxHistoryRows });
    expect(await kits.contents()).toEqual(first);
  });

  it('keeps the stock equal to its movements, and serves every branch from somewhere', async () => {
    const kit = await readKit(join('tenants/kits', name));
    await importKit(kits.client, { tenantId, kit, maxHistoryRows: 1 });
    const { rows } = await kits.client.query<{ off: number; unserved: number }>(
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
  const kits = KitDatabase.forEachTest();

  it('knows the quantity breaks that the invoices of Albion show', async () => {
    const albion = await readKit('tenants/kits/albion-gifts');
    await importKit(kits.client, { tenantId, kit: albion, maxHistoryRows: 1 });
    const { rows } = await kits.client.query(
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
    await importKit(kits.client, { tenantId, kit });
    const { rows } = await kits.client.query(
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

// The raw data is too large for the repository: the test runs where it lies beside the checkout, and is skipped elsewhere.
const rawData = join(process.cwd(), '../shared/data');
describe('build script', () => {
  const scratch = useScratch();

  (existsSync(rawData) ? it : it.skip)('makes the committed bytes out of the raw data', async () => {
    const out = join(scratch.path, 'built');
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
