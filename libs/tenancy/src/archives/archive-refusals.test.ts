import { randomUUID } from 'node:crypto';
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { useArchives } from './archives.fixture.js';
import { openArchive, verifyArchive } from './index.js';

describe('archives are refused before anything is touched', () => {
  const { here, of, withPool, archive, open, sums, restore } = useArchives({
    source: 'northwind',
    neighbour: 'northwind',
    target: null,
  });
  let good: string;

  beforeAll(async () => {
    good = await archive('source');
  });

  const folder = (slug: string, id: string): string => join(here.root, slug, id);

  /** A copy of the good archive under its own id, which the caller then spoils. */
  async function refused(spoil: (folder: string) => Promise<void>): Promise<string> {
    const away = join(here.root, 'away');
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
      openArchive(here.store, here.keys, { tenant: '..', id: good }, of('source').id),
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
