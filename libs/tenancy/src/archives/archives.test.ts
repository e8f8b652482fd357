import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';
import { TenantKeys } from '../keys/index.js';
import type { Tenant } from '../tenant.js';
import { LocalArchiveStore, loadArchive, openArchive, verifyArchive, writeArchive } from './index.js';
import { archivableTables } from './table-catalogue.js';

describe('archives', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let root: string;
  let store: LocalArchiveStore;
  let keys: TenantKeys;
  const tenants: Record<string, Tenant> = {};

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    keys = tenancy.app.get(TenantKeys);
    root = await mkdtemp(join(tmpdir(), 'tierdeck-archives-'));
    store = new LocalArchiveStore(root);
    for (const [slug, kit] of [
      ['source', 'northwind'],
      ['neighbour', 'northwind'],
      ['target'],
      ['odd'],
      ['odd-copy'],
      ['leaver'],
    ]) {
      await tenancy.onboard(tenantManifest(slug as string, { data: kit ? { kit } : undefined }));
      tenants[slug as string] = await tenancy.readModel.bySlug(slug as string);
    }
  });

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
    await rm(root, { recursive: true, force: true });
  });

  const of = (slug: string): Tenant => tenants[slug] as Tenant;

  async function withPool<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await tenancy.databases.connect(of('source').databaseId as string);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  async function archive(slug: string, id = randomUUID()): Promise<string> {
    const key = await keys.current(of(slug).id);
    await withPool((client) => writeArchive(client, store, { id, tenant: of(slug), key, revision: 7 }));
    return id;
  }

  /** By the catalogue, without the code that archives use. */
  const tablesWithTenants = () =>
    withPool(async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `select table_name as name from information_schema.columns where table_schema = 'public'
           and column_name = 'tenant_id' and table_name not in ('tenant_home', 'move_marker', 'worker_assignment') order by 1`,
      );
      return rows.map(({ name }) => name).sort();
    });

  const open = (slug: string, id: string) => openArchive(store, keys, { tenant: slug, id }, of(slug).id);

  /** What a tenant has in each table, told by other means than the archive's own checksums. */
  const sums = (slug: string) =>
    withPool(async (client) => {
      const tables = await archivableTables(client);
      const { rows } = await client.query<{ content: unknown }>(
        tables
          .map(
            ({
              name,
            }) => `select '${name}' as name, count(*)::int as rows, md5(string_agg(r, '' order by r)) as content
            from (select (to_jsonb(t) - 'tenant_id')::text as r from "${name}" t where tenant_id = $1) s`,
          )
          .join(' union all '),
        [of(slug).id],
      );
      return rows;
    });

  const restore = async (slug: string, id: string, into: string): Promise<void> => {
    const opened = await open(slug, id);
    await withPool((client) => loadArchive(client, { archive: opened, tenantId: of(into).id }));
  };

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
        await store.remove({ tenant: 'odd', id });
      }),
      { numRuns: 5, endOnFailure: true, verbose: 1 },
    );
  });

  describe('are refused before anything is touched', () => {
    let good: string;

    beforeAll(async () => {
      good = await archive('source');
    });

    const folder = (slug: string, id: string): string => join(root, slug, id);

    /** A copy of the good archive under its own id, which the caller then spoils. */
    async function refused(spoil: (folder: string) => Promise<void>): Promise<string> {
      const away = join(root, 'away');
      await cp(folder('source', good), away, { recursive: true });
      const before = await sums('target');
      try {
        await spoil(folder('source', good));
        const problem = await open('source', good)
          .then((opened) => verifyArchive(opened))
          .then(
            () => 'accepted',
            (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
          );
        await expect(restore('source', good, 'target')).rejects.toThrow();
        expect(await sums('target')).toEqual(before);
        return problem;
      } finally {
        await rm(folder('source', good), { recursive: true, force: true });
        await cp(away, folder('source', good), { recursive: true });
        await rm(away, { recursive: true, force: true });
      }
    }

    const partOf = async (path: string, table: string): Promise<string> =>
      join(path, (await readdir(path)).find((name) => name.endsWith(`-${table}`)) ?? 'missing');

    it('when the manifest was altered', async () => {
      const altered = await refused(async (path) => {
        const file = join(path, 'manifest');
        await writeFile(file, (await readFile(file, 'utf8')).replace('"revision":7', '"revision":8'));
      });
      expect(altered).toMatch(/ARCHIVE_REFUSED: .*manifest that was altered/);
    });

    it('when the manifest is cut off, empty or no JSON', async () => {
      for (const text of ['', '{}\n', '[1]\n0\n']) {
        expect(await refused((path) => writeFile(join(path, 'manifest'), text))).toMatch(
          /^ARCHIVE_REFUSED: .*manifest/,
        );
      }
    });

    it('when a part is missing, cut off, longer, or its bytes are not those written', async () => {
      const cases: [string, (part: string) => Promise<void>][] = [
        ['has lost its part', (part) => rm(part)],
        ['were written', (part) => truncate(part, 100)],
        [
          'were written',
          async (part) => writeFile(part, Buffer.concat([await readFile(part), Buffer.from('x')])),
        ],
        [
          'was altered',
          async (part) => {
            const bytes = await readFile(part);
            const middle = bytes.length >> 1;
            bytes[middle] = (bytes[middle] as number) ^ 1;
            await writeFile(part, bytes);
          },
        ],
      ];
      for (const [problem, spoil] of cases) {
        const told = await refused(async (path) => spoil(await partOf(path, 'order_history_line')));
        expect(told).toMatch(new RegExp(`^ARCHIVE_REFUSED: .*${problem}`));
      }
    });

    it('when parts were swapped, or one comes from another archive of the same tenant', async () => {
      const other = await archive('source');
      const told = await refused(async (path) => {
        await cp(await partOf(folder('source', other), 'item'), await partOf(path, 'item'));
      });
      expect(told).toMatch(/^ARCHIVE_REFUSED/);
    });

    it('when it is of another tenant, or another archive under this name', async () => {
      const foreign = await archive('neighbour');
      const told = await refused(async (path) => {
        await rm(path, { recursive: true });
        await cp(folder('neighbour', foreign), path, { recursive: true });
      });
      expect(told).toMatch(/^ARCHIVE_REFUSED: .*of another tenant/);
      const earlier = await archive('source');
      const renamed = await refused(async (path) => {
        await rm(path, { recursive: true });
        await cp(folder('source', earlier), path, { recursive: true });
      });
      expect(renamed).toMatch(/^ARCHIVE_REFUSED: .*in truth/);
    });

    it('when it is not there, or its name would lead elsewhere', async () => {
      await expect(open('source', randomUUID())).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED' });
      await expect(
        openArchive(store, keys, { tenant: '..', id: good }, of('source').id),
      ).rejects.toMatchObject({
        code: 'ARCHIVE_REFUSED',
      });
    });

    it('when the rows that came in are not those of the archive: it is rolled back', async () => {
      const before = await sums('target');
      await withPool((client) =>
        client.query(`create function spoil() returns trigger language plpgsql as
            $$ begin new.name := 'another'; return new; end $$;
          create trigger spoil before insert on region for each row execute function spoil();
          alter table region enable always trigger spoil`),
      );
      try {
        await expect(restore('source', good, 'target')).rejects.toMatchObject({
          code: 'RESTORE_DIFFERS',
          tables: ['region'],
        });
      } finally {
        await withPool((client) => client.query('drop trigger spoil on region; drop function spoil()'));
      }
      expect(await sums('target')).toEqual(before);
    });

    it('when the database lacks a migration of it', async () => {
      await withPool((client) => client.query(`update schema_migration set checksum = repeat('0', 64)`));
      try {
        await expect(restore('source', good, 'target')).rejects.toMatchObject({
          code: 'ARCHIVE_SCHEMA_DIFFERS',
        });
      } finally {
        const migrations = (await open('source', good)).manifest.migrations;
        await withPool(async (client) => {
          for (const { name, checksum } of migrations)
            await client.query('update schema_migration set checksum = $2 where name = $1', [name, checksum]);
        });
      }
    });
  });

  it('stay readable after the key was rotated, and are lost to everybody once it was shredded', async () => {
    const old = await archive('leaver');
    await tenancy.foundation.commands.asSystem('test', (command) => keys.rotate(command, 'leaver'));
    const fresh = await archive('leaver');
    expect((await open('leaver', old)).manifest.keyVersion).toBe(1);
    expect((await open('leaver', fresh)).manifest.keyVersion).toBe(2);
    await verifyArchive(await open('leaver', old));
    await tenancy.foundation.commands.asSystem('test', (command) =>
      keys.shred(command, of('leaver').id, 'gone'),
    );
    for (const id of [old, fresh])
      await expect(open('leaver', id)).rejects.toMatchObject({ code: 'TENANT_KEY_SHREDDED' });
    await expect(archive('leaver')).rejects.toMatchObject({ code: 'TENANT_KEY_SHREDDED' });
  });

  it('show nothing of a try that broke off, and the next try leaves one whole archive', async () => {
    const id = randomUUID();
    const key = await keys.current(of('source').id);
    let told = 0;
    const broken = withPool((client) =>
      writeArchive(client, store, {
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
    await store.draft({ tenant: 'source', id });
    await archive('source', id);
    await verifyArchive(await open('source', id));
    expect((await readdir(join(root, 'source'))).filter((name) => name.startsWith('.draft'))).toEqual([]);
    const { manifest } = await open('source', id);
    await archive('source', id);
    expect((await open('source', id)).manifest).toEqual(manifest);
  });

  it('have nothing of the tenant in clear', async () => {
    const id = await archive('source');
    const path = join(root, 'source', id);
    const parts = (await readdir(path)).filter((name) => name !== 'manifest');
    for (const name of parts) expect((await readFile(join(path, name))).includes('Chai')).toBe(false);
  });
});
