import { randomBytes, randomUUID } from 'node:crypto';
import { createTestDatabase, createTestLogin, withTestClient } from '../../../test/support/database.js';
import { PauseQueue, type TenantHome } from './home.js';
import type { DatabaseSnapshot } from './wire.js';

/** A database under row-level security, with a login role as the runtime gets one. */
export interface TenantDatabaseFixture {
  login: DatabaseSnapshot;
  name: string;
  drop(): Promise<void>;
}

/** Table `item (tenant_id, sku, quantity)` with one row `own-<tenant>` for each tenant. */
export async function createTenantDatabase(tenantIds: readonly string[]): Promise<TenantDatabaseFixture> {
  const database = await createTestDatabase('empty');
  const role = `login_${randomBytes(4).toString('hex')}`;
  const url = new URL(database.url);
  await withTestClient(database.name, async (client) => {
    await createTestLogin(client, role, 'pass');
    await client.query(
      `create table item (
         tenant_id uuid not null default current_setting('tierdeck.tenant_id')::uuid,
         sku text not null, quantity int not null default 0, primary key (tenant_id, sku))`,
    );
    await client.query('alter table item enable row level security, force row level security');
    await client.query(
      `create policy tenant on item
         using (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid)
         with check (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid)`,
    );
    await client.query(`grant select, insert, update, delete on item to tierdeck_service`);
    await client.query(
      `insert into item (tenant_id, sku) select id, 'own-' || id from unnest($1::uuid[]) as id`,
      [tenantIds],
    );
  });
  return {
    name: database.name,
    login: {
      id: randomUUID(),
      kind: 'POOLED',
      host: url.hostname,
      port: Number(url.port),
      database: database.name,
      user: role,
      password: 'pass',
    },
    drop: async () => {
      await database.drop();
      await withTestClient('postgres', (client) => client.query(`drop role ${role}`));
    },
  };
}

/** The home of tenants that never move. */
export function fixedHome(login: DatabaseSnapshot): TenantHome {
  return { database: () => login, movedFrom: () => false, isUncertain: () => false, queue: new PauseQueue() };
}
