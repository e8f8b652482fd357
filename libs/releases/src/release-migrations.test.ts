import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import pg from 'pg';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../test/support/database.js';
import { contraction, ReleaseMigrations } from './release-migrations.js';
import { schemaFingerprint } from './schema-fingerprint.js';
import { TenantMigrator } from './tenant-migrator.js';

const folder = 'migrations/tenant/releases';

describe('contraction', () => {
  it.each([
    ['alter table sales_order drop column note', 'drops something'],
    ['alter table sales_order drop note', 'drops a column'],
    ['DROP TABLE sales_order', 'drops something'],
    ['alter table sales_order rename column a to b', 'renames something'],
    ['alter table sales_order alter column a type bigint', 'changes a type'],
    ['alter table sales_order alter a set not null', 'makes a column mandatory'],
    ['delete from sales_order', 'deletes rows'],
    ['alter table sales_order disable row level security', 'opens row-level security'],
  ])('sees through %s', (sql, problem) => expect(contraction(sql)).toBe(problem));

  it.each([
    'alter table sales_order add column promised_date date',
    'alter table sales_order alter column a drop not null',
    "comment on column a.b is 'drop table x'; -- drop table y",
    'create index concurrently_named on a (b)',
    "alter type order_status add value 'held'",
  ])('lets %s pass', (sql) => expect(contraction(sql)).toBeUndefined());
});

describe('the release migrations of the distribution database', () => {
  let scratch: TestDatabase;
  let migrator: TenantMigrator;

  beforeAll(async () => {
    scratch = await createTestDatabase('tenant');
    const connect = async (): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: scratch.url });
      await client.connect();
      return client;
    };
    migrator = new TenantMigrator({
      connect,
      withScratch: async (_name, work) => {
        const client = await connect();
        try {
          return await work(client);
        } finally {
          await client.end();
        }
      },
    });
  });

  afterAll(() => scratch.drop());

  it('expand only, and each is undone by its down part to the very schema before it', async () => {
    const files = new ReleaseMigrations(folder);
    const names = (await readdir(folder)).filter((file) => file.endsWith('.sql'));
    const migrations = await files.read(await files.pin(names));
    expect(migrations.length).toBeGreaterThan(0);
    const release = randomUUID();
    const before = await withTestClient(scratch.name, schemaFingerprint);
    await migrator.rehearse(release, migrations);
    expect(await withTestClient(scratch.name, schemaFingerprint)).not.toBe(before);
    const another = randomUUID();
    // A release takes back only what it applied itself.
    expect(await migrator.apply('any', another, migrations, async () => undefined)).toEqual([]);
    expect(await migrator.revert('any', another, migrations)).toEqual([]);
    expect(await migrator.revert('any', release, migrations)).toHaveLength(migrations.length);
    expect(await withTestClient(scratch.name, schemaFingerprint)).toBe(before);
  });

  it('applies a migration once, however many try at the same time', async () => {
    const files = new ReleaseMigrations(folder);
    const migrations = await files.read(await files.pin(await readdir(folder)));
    const release = randomUUID();
    const applied = await Promise.all(
      Array.from({ length: 8 }, () => migrator.apply('any', release, migrations, async () => undefined)),
    );
    expect(applied.flat().sort()).toEqual(migrations.map(({ name }) => name).sort());
    await migrator.revert('any', release, migrations);
  });

  it('applies nothing when told under the lock that the release has stopped', async () => {
    const files = new ReleaseMigrations(folder);
    const migrations = await files.read(await files.pin(await readdir(folder)));
    const before = await withTestClient(scratch.name, schemaFingerprint);
    const stop = new Error('stopped');
    await expect(migrator.apply('any', randomUUID(), migrations, () => Promise.reject(stop))).rejects.toThrow(
      /stopped/,
    );
    expect(await withTestClient(scratch.name, schemaFingerprint)).toBe(before);
  });
});
