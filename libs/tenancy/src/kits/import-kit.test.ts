import { beforeAll, describe, expect, it } from '@jest/globals';
import { importKit, readKit, type Kit } from './index.js';
import { copyOfNorthwind, KitDatabase, refusal, rewrite, tenantId, useScratch } from './kits.fixture.js';

const neighbourId = '00000000-0000-4000-8000-000000000002';

describe('importKit', () => {
  const kits = KitDatabase.forEachTest();
  const scratch = useScratch();
  /** Half a million lines are checked once. */
  let albion: Kit;

  beforeAll(async () => {
    albion = await readKit('tenants/kits/albion-gifts');
  });

  it('goes on after an interruption and ends with the same rows', async () => {
    const kit = await readKit('tenants/kits/adventure-works');
    await importKit(kits.client, { tenantId, kit });
    const whole = await kits.contents();
    await kits.drop();
    await kits.open();
    for (let filesDone = 1; filesDone < kit.files.length; filesDone++) {
      let told = 0;
      const interrupted = importKit(kits.client, {
        tenantId,
        kit,
        onProgress: () => {
          if (++told > filesDone) throw new Error('power cut');
        },
      });
      await expect(interrupted).rejects.toThrow('power cut');
    }
    await importKit(kits.client, { tenantId, kit });
    expect(await kits.contents()).toEqual(whole);
  });

  it('leaves no half file when the connection dies in the middle of one', async () => {
    const victim = await kits.connect();
    victim.on('error', () => undefined);
    const { rows: pids } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
    const killed = importKit(victim, {
      tenantId,
      kit: albion,
      maxHistoryRows: 60_000,
      onProgress: async ({ message }) => {
        if (message === 'order_history_line')
          await kits.client.query('select pg_terminate_backend($1)', [pids[0]?.pid]);
      },
    });
    await expect(killed).rejects.toThrow();
    expect(await kits.contents()).not.toHaveProperty('order_history_line');
    await importKit(kits.client, { tenantId, kit: albion, maxHistoryRows: 60_000 });
    expect((await kits.contents())['order_history_line']?.rows).toBe(60_000);
  });

  it('brings the rest when a capped import is repeated without the cap', async () => {
    const kit = await readKit('tenants/kits/northwind');
    await importKit(kits.client, { tenantId, kit, maxHistoryRows: 100 });
    expect((await kits.contents())['order_history_line']?.rows).toBe(100);
    await importKit(kits.client, { tenantId, kit });
    expect((await kits.contents())['order_history_line']?.rows).toBe(2155);
  });

  it('tells the progress over all files', async () => {
    const told: number[] = [];
    await importKit(kits.client, {
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
    await kits.client.query('alter table region add column written_by text default current_user');
    await importKit(kits.client, { tenantId, kit: await readKit('tenants/kits/northwind') });
    const { rows } = await kits.client.query('select distinct written_by from region');
    expect(rows).toEqual([{ written_by: 'tierdeck_service' }]);
  });

  it('writes for one tenant only', async () => {
    const kit = await readKit('tenants/kits/northwind');
    await importKit(kits.client, { tenantId, kit });
    await importKit(kits.client, { tenantId: neighbourId, kit });
    const { rows } = await kits.client.query(
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
    const directory = await copyOfNorthwind(scratch);
    await rewrite(directory, file, change);
    const kit = await readKit(directory);
    const error = await refusal(importKit(kits.client, { tenantId, kit }));
    expect(error.code).toBe('KIT_INVALID');
    expect(error.file).toBe(file);
    const { message, ...place } = expected;
    expect(error.message).toMatch(message);
    expect(error).toMatchObject(place);
    expect(error.message).not.toMatch(/insert|kit_rows/i);
    expect(await kits.contents()).not.toHaveProperty(file.replace('.csv', ''));
  });
});
