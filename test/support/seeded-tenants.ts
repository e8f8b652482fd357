import { randomUUID } from 'node:crypto';
import type { Database, SecretBox } from '#platform';

export interface SeededTenants {
  databaseId: string;
  /** Tenant ids by slug. */
  ids: Record<string, string>;
}

/** Active tenants of one pooled database, as rows alone: there is no such database, and nothing was onboarded. */
export async function seedTenants(
  { database, secretBox }: { database: Database; secretBox: SecretBox },
  slugs: readonly string[],
): Promise<SeededTenants> {
  const databaseId = randomUUID();
  await database.query(
    `insert into database_cluster values ('local', 'eu', '127.0.0.1', 5432, 'admin', $1) on conflict do nothing`,
    [secretBox.seal('admin-password')],
  );
  await database.query(
    `insert into tenant_database (id, cluster, name, kind, login_role, login_password_sealed)
     values ($1, 'local', 'tierdeck_pool', 'POOLED', 'tierdeck_pool', $2)`,
    [databaseId, secretBox.seal('pool-password')],
  );
  const ids: Record<string, string> = {};
  for (const slug of slugs) {
    const id = (ids[slug] = randomUUID());
    await database.query(
      `insert into tenant (id, slug, name, plan, status, database_placement, worker_placement, database_id)
       values ($1, $2, $2, 'standard', 'ACTIVE', 'SHARED', 'SHARED', $3)`,
      [id, slug, databaseId],
    );
  }
  return { databaseId, ids };
}
