import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { readKit, type Kit, type KitInvalidError } from './index.js';
import { copyOfNorthwind, refusal, rewrite, useScratch } from './kits.fixture.js';

describe('readKit', () => {
  const scratch = useScratch();

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
    const directory = await copyOfNorthwind(scratch);
    await spoil(directory);
    const error = await refusal(readKit(directory));
    expect(error.file).toBe(file);
    expect(error).toMatchObject(expected);
  });

  it('refuses a compressed file that was cut off', async () => {
    const directory = await copyOfNorthwind(scratch);
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
    const directory = await copyOfNorthwind(scratch);
    const kit = JSON.parse(await readFile(join(directory, 'kit.json'), 'utf8')) as Kit;
    spoil(kit);
    await writeFile(join(directory, 'kit.json'), JSON.stringify(kit));
    expect(await refusal(readKit(directory))).toMatchObject({ file: 'kit.json', field });
  });

  it('refuses a folder without kit.json', async () => {
    expect((await refusal(readKit(scratch.path))).message).toMatch(/kit\.json: cannot be read/);
  });
});
