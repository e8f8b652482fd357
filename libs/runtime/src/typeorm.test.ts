import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, EntitySchema, type Repository } from 'typeorm';
import { createTenantDatabase, type TenantDatabaseFixture } from './tenant-database.fixture.js';
import { asTenant, tenantDriver } from './typeorm.js';

interface Item {
  tenant_id?: string;
  sku: string;
  quantity: number;
}

const items = new EntitySchema<Item>({
  name: 'item',
  columns: {
    tenant_id: { type: 'uuid', primary: true, insert: false },
    sku: { type: 'text', primary: true },
    quantity: { type: 'int' },
  },
});

describe('TypeORM inside a tenant', () => {
  const tenants = Array.from({ length: 50 }, () => ({ id: randomUUID() }));
  const [alpha = { id: '' }, beta = { id: '' }] = tenants;
  let fixture: TenantDatabaseFixture;
  let source: DataSource;
  let repository: Repository<Item>;

  beforeAll(async () => {
    fixture = await createTenantDatabase(tenants.map(({ id }) => id));
    const { host, port, database, user, password } = fixture.login;
    source = await new DataSource({
      type: 'postgres',
      driver: tenantDriver,
      host,
      port,
      database,
      username: user,
      password,
      entities: [items],
      poolSize: 4,
    }).initialize();
    repository = source.getRepository(items);
  });
  afterAll(async () => {
    await source.destroy();
    await fixture.drop();
  });

  it('leaks nothing among 1,000 finds at once of 50 tenants over 4 connections', async () => {
    const seen = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => {
        const tenant = tenants[i % tenants.length] ?? alpha;
        return asTenant(tenant, async () => {
          const rows = await repository.find();
          return rows.length === 1 && rows[0]?.sku === `own-${tenant.id}`;
        });
      }),
    );
    expect(seen.every(Boolean)).toBe(true);
  });

  it('refuses to ask for nobody in particular', async () => {
    await expect(repository.find()).rejects.toThrow(/permission denied/);
  });

  it('commits and undoes transactions, also after a failed statement and with savepoints', async () => {
    await asTenant(alpha, () =>
      source.transaction(async (tx) => {
        await tx.insert(items, { sku: 'kept', quantity: 1 });
        await expect(
          tx.transaction(async (inner) => {
            await inner.insert(items, { sku: 'undone', quantity: 1 });
            await inner.insert(items, { sku: 'kept', quantity: 2 });
          }),
        ).rejects.toThrow(/duplicate key/);
      }),
    );
    await expect(asTenant(alpha, () => source.transaction((tx) => tx.query('select 1 / 0')))).rejects.toThrow(
      /division by zero/,
    );
    const skus = await asTenant(alpha, () => repository.find({ order: { sku: 'ASC' } }));
    expect(skus.map(({ sku }) => sku)).toEqual(['kept', `own-${alpha.id}`]);
    expect(await asTenant(beta, () => repository.countBy({ sku: 'kept' }))).toBe(0);
  });

  it('reads for a tenant that is suspended for writes, and refuses its writes by name', async () => {
    const [, , gamma = { id: '' }] = tenants;
    const suspended = { ...gamma, readOnly: true };
    const own = { sku: `own-${gamma.id}` };
    expect(await asTenant(suspended, () => repository.findBy(own))).toHaveLength(1);
    const inTransaction = () => source.transaction((tx) => tx.countBy(items, own));
    expect(await asTenant(suspended, inTransaction)).toBe(1);

    const writes: (() => Promise<unknown>)[] = [
      () => repository.insert({ sku: 'new', quantity: 1 }),
      () => repository.save({ sku: 'new', quantity: 1 }),
      () => repository.update(own, { quantity: 7 }),
      () => repository.delete(own),
      () => source.query('with gone as (delete from item returning 1) select count(*) from gone'),
      () => source.transaction((tx) => tx.insert(items, { sku: 'new', quantity: 1 })),
      () =>
        source.transaction(async (tx) => {
          await tx.countBy(items, own);
          await tx.delete(items, own);
        }),
    ];
    for (const write of writes) {
      const refused = { code: 'TENANT_READ_ONLY', httpStatus: 403 };
      await expect(asTenant(suspended, write)).rejects.toMatchObject(refused);
    }
    // A statement that fails for another reason keeps its own error, and the tenant resumed is written again.
    await expect(asTenant(suspended, () => source.query('select 1 / 0'))).rejects.toThrow(/division by zero/);
    expect(await asTenant(gamma, () => repository.find())).toEqual([expect.objectContaining(own)]);
    await asTenant(gamma, () => repository.insert({ sku: 'new', quantity: 1 }));
    expect(await asTenant(suspended, () => repository.count())).toBe(2);
  });
});
