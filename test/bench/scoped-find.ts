import 'reflect-metadata';
import { DataSource, EntitySchema, type Repository } from 'typeorm';
import { asTenant, tenantDriver } from '../../libs/runtime/src/typeorm.js';
import type { DatabaseSnapshot } from '../../libs/runtime/src/wire.js';
import { testPostgresUrl } from '../support/database.js';
import { quantile } from './measure.js';
import type { Measurement } from './report.js';

const goal = 1.1;
const warmUp = 500;
const finds = 4_000;

interface Item {
  tenant_id: string;
  sku: string;
  quantity: number;
}

/**
 * TypeORM's find of one row by its key inside a tenant, against the same find with the tenant as a condition, on the same
 * rows without row-level security and over TypeORM's own driver; one after the other, in turn.
 */
export async function benchScopedFind(
  login: DatabaseSnapshot,
  tenants: readonly string[],
  itemsPerTenant: number,
): Promise<Measurement> {
  const scoped = await open(login, 'item', true);
  const plain = await open(login, 'item_without_security', false);
  try {
    const scopedMs: number[] = [];
    const plainMs: number[] = [];
    for (let i = -warmUp; i < finds; i++) {
      const n = i + warmUp;
      const id = tenants[n % tenants.length] ?? '';
      const sku = `sku-${1 + (n % itemsPerTenant)}`;
      const inTenant = await timed(() => asTenant({ id }, () => scoped.items.findOneBy({ sku })));
      const outside = await timed(() => plain.items.findOneBy({ tenant_id: id, sku }));
      if (i < 0) continue;
      scopedMs.push(inTenant);
      plainMs.push(outside);
    }
    const [ours, theirs] = [quantile(scopedMs, 0.5), quantile(plainMs, 0.5)];
    return {
      name: 'tenant-scoped TypeORM find, p50',
      ours: `${ours.toFixed(3)} ms`,
      reference: `${theirs.toFixed(3)} ms (TypeORM, unscoped)`,
      ratio: ours / theirs,
      goal: `≤ ${goal}`,
      reached: ours / theirs <= goal,
    };
  } finally {
    await Promise.all([scoped.source.destroy(), plain.source.destroy()]);
  }
}

async function open(
  login: DatabaseSnapshot,
  table: string,
  scoped: boolean,
): Promise<{ source: DataSource; items: Repository<Item> }> {
  const entity = new EntitySchema<Item>({
    name: table,
    columns: {
      tenant_id: { type: 'uuid', primary: true },
      sku: { type: 'text', primary: true },
      quantity: { type: 'int' },
    },
  });
  const { host, port, database, user: username, password } = login;
  const source = await new DataSource({
    type: 'postgres',
    ...(scoped
      ? { driver: tenantDriver, host, port, database, username, password }
      : { url: testPostgresUrl(database) }),
    entities: [entity],
    poolSize: 1,
  }).initialize();
  return { source, items: source.getRepository(entity) };
}

async function timed(work: () => Promise<Item | null>): Promise<number> {
  const since = performance.now();
  if ((await work()) === null) throw new Error('the bench found no row');
  return performance.now() - since;
}
