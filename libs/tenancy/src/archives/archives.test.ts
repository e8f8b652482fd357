import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { useArchives } from './archives.fixture.js';
import { verifyArchive, writeArchive } from './index.js';

describe('archives', () => {
  const { here, of, withPool, archive, open, sums, restore, tablesWithTenants } = useArchives({
    source: 'northwind',
    neighbour: 'northwind',
    target: null,
    odd: null,
    'odd-copy': null,
    leaver: null,
  });

  it('hold every table of the tenant, and give another tenant exactly these rows', async () => {
    const id = await archive('source');
    const { manifest } = await open('source', id);
    const neighbour = await sums('neighbour');
    expect(manifest.tables.map(({ name }) => name).sort()).toEqual(await tablesWithTenants());
    expect(manifest.tables.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(2_000);
    await restore('source', id, 'target');
    expect(await sums('target')).toEqual(await sums('source'));
    expect(await sums('neighbour')).toEqual(neighbour);
  });

  it('in place bring back the state of then, whatever was written, changed or deleted since', async () => {
    const before = await sums('target');
    const id = await archive('target');
    await withPool(async (client) => {
      await client.query(`select set_config('tierdeck.tenant_id', $1, false)`, [of('target').id]);
      await client.query('delete from order_history_line where tenant_id = $1', [of('target').id]);
      await client.query(`update item set description = 'changed' where tenant_id = $1`, [of('target').id]);
      await client.query(`insert into region (code, name) values ('new-one', 'New')`);
    });
    expect(await sums('target')).not.toEqual(before);
    await restore('target', id, 'target');
    expect(await sums('target')).toEqual(before);
  });

  it('hold one point in time, while others go on writing', async () => {
    const { id: tenantId } = of('leaver');
    const writing = { on: true };
    const writer = withPool(async (client) => {
      await client.query(`select set_config('tierdeck.tenant_id', $1, false)`, [tenantId]);
      for (let i = 0; writing.on; i++) {
        await client.query(`begin; insert into region (code, name) values ('r${i}', 'r');
          insert into branch (code, name, region) values ('b${i}', 'b', 'r${i}'); commit`);
      }
    });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await archive('leaver'));
    writing.on = false;
    await writer;
    for (const id of ids) {
      const { manifest } = await open('leaver', id);
      const rows = Object.fromEntries(manifest.tables.map(({ name, rows }) => [name, rows]));
      expect(rows['region']).toBe(rows['branch']);
    }
    const [first, last] = [await open('leaver', ids[0] as string), await open('leaver', ids[4] as string)];
    expect(last.manifest.tables).not.toEqual(first.manifest.tables);
  });

  it('carry any text, number, time and JSON unchanged', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
      fc.constantFrom(
        '\\.',
        '"',
        ',',
        '\n',
        '\r\n',
        '\\N',
        'NULL',
        '""',
        "'",
        '\t',
        '=1+1',
        ' ',
        '\\',
        'é\u0301',
        '\u2028',
      ),
    );
    // PostgreSQL stores no U+0000 and no half of a surrogate pair.
    const clean = text
      .map((value) => value.replaceAll('\u0000', '.').replaceAll(/\p{Surrogate}/gu, '.'))
      .filter((value) => value !== '');
    const branch = fc.record({
      name: clean,
      latitude: fc.option(fc.double({ min: -90, max: 90, noNaN: true })),
      attributes: fc
        .jsonValue()
        .map(
          (value) => JSON.parse(JSON.stringify(value).replaceAll(/\\u0000|\\ud[89a-f]../gi, '.')) as unknown,
        ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(branch, { minLength: 1, maxLength: 30 }), async (branches) => {
        await withPool(async (client) => {
          await client.query(`select set_config('tierdeck.tenant_id', $1, false)`, [of('odd').id]);
          await client.query('delete from branch where tenant_id = $1', [of('odd').id]);
          await client.query(
            `insert into branch (code, name, latitude, attributes)
             select i::text, b->>'name', (b->>'latitude')::float8, b->'attributes' from jsonb_array_elements($1) with ordinality t(b, i)`,
            [JSON.stringify(branches)],
          );
        });
        const id = await archive('odd');
        await restore('odd', id, 'odd-copy');
        expect(await sums('odd-copy')).toEqual(await sums('odd'));
        const read = (slug: string) =>
          withPool(async (client) => {
            const sql =
              'select code, name, latitude, attributes from branch where tenant_id = $1 order by code::int';
            return (await client.query(sql, [of(slug).id])).rows as unknown[];
          });
        expect(await read('odd-copy')).toEqual(await read('odd'));
        await here.store.remove({ tenant: 'odd', id });
      }),
      { numRuns: 5, endOnFailure: true, verbose: 1 },
    );
  });

  it('stay readable after the key was rotated, and are lost to everybody once it was shredded', async () => {
    const old = await archive('leaver');
    await here.tenancy.foundation.commands.asSystem('test', (command) => here.keys.rotate(command, 'leaver'));
    const fresh = await archive('leaver');
    expect((await open('leaver', old)).manifest.keyVersion).toBe(1);
    expect((await open('leaver', fresh)).manifest.keyVersion).toBe(2);
    await verifyArchive(await open('leaver', old));
    await here.tenancy.foundation.commands.asSystem('test', (command) =>
      here.keys.shred(command, of('leaver').id, 'gone'),
    );
    for (const id of [old, fresh])
      await expect(open('leaver', id)).rejects.toMatchObject({ code: 'TENANT_KEY_SHREDDED' });
    await expect(archive('leaver')).rejects.toMatchObject({ code: 'TENANT_KEY_SHREDDED' });
  });

  it('show nothing of a try that broke off, and the next try leaves one whole archive', async () => {
    const id = randomUUID();
    const key = await here.keys.current(of('source').id);
    let told = 0;
    const broken = withPool((client) =>
      writeArchive(client, here.store, {
        id,
        tenant: of('source'),
        key,
        revision: 1,
        onProgress: async () => {
          told++;
          throw new Error('cut off');
        },
      }),
    );
    await expect(broken).rejects.toThrow('cut off');
    expect(told).toBe(1);
    await expect(open('source', id)).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED' });
    await here.store.draft({ tenant: 'source', id });
    await archive('source', id);
    await verifyArchive(await open('source', id));
    expect((await readdir(join(here.root, 'source'))).filter((name) => name.startsWith('.draft'))).toEqual(
      [],
    );
    const { manifest } = await open('source', id);
    await archive('source', id);
    expect((await open('source', id)).manifest).toEqual(manifest);
  });

  it('have nothing of the tenant in clear', async () => {
    const id = await archive('source');
    const path = join(here.root, 'source', id);
    const parts = (await readdir(path)).filter((name) => name !== 'manifest');
    for (const name of parts) expect((await readFile(join(path, name))).includes('Chai')).toBe(false);
  });
});
