import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Database } from '#platform';
import { withTestClient } from '../support/database.js';

/** Clones and drops that are under way at once. */
const width = 4;

/** Clones a template into so many databases. @returns their names. */
export async function cloneDatabases(template: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `bench_fleet_${String(i).padStart(4, '0')}`);
  await sideBySide(names, async (name, admin) => {
    await admin.query(
      `create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)}`,
    );
  });
  return names;
}

export async function dropDatabases(names: readonly string[]): Promise<void> {
  await sideBySide(names, async (name, admin) => {
    await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
  });
}

/** Writes databases down as those of dedicated tenants, of which nobody knows yet how far their schema has come. */
export async function registerDatabases(
  database: Database,
  names: readonly string[],
  sealedPassword: string,
): Promise<void> {
  await database.query(
    `insert into tenant_database (id, cluster, name, kind, login_role, login_password_sealed)
     select id, 'local', name, 'DEDICATED', name, $3 from unnest($1::uuid[], $2::text[]) as d (id, name)`,
    [names.map(() => randomUUID()), names, sealedPassword],
  );
}

/** An active tenant in each of the dedicated databases, which are as far as the pooled one. */
export async function settleTenants(database: Database): Promise<void> {
  await database.query(
    `update tenant_database d set schema_digest = p.schema_digest, schema_version = p.schema_version
     from tenant_database p where p.kind = 'POOLED' and d.kind = 'DEDICATED'`,
  );
  await database.query(
    `insert into tenant (id, slug, name, plan, status, database_placement, worker_placement, database_id)
     select gen_random_uuid(), replace(name, '_', '-'), name, 'standard', 'ACTIVE', 'DEDICATED', 'SHARED', id
     from tenant_database where kind = 'DEDICATED'`,
  );
}

async function sideBySide(
  names: readonly string[],
  work: (name: string, admin: pg.Client) => Promise<void>,
): Promise<void> {
  const left = names.values();
  const worker = (): Promise<void> =>
    withTestClient('postgres', async (admin) => {
      for (const name of left) await work(name, admin);
    });
  await Promise.all(Array.from({ length: width }, worker));
}
