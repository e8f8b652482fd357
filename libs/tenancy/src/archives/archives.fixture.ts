import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';
import { TenantKeys } from '../keys/index.js';
import type { Tenant } from '../tenant.js';
import { LocalArchiveStore, loadArchive, openArchive, writeArchive } from './index.js';
import { archivableTables } from './table-catalogue.js';

/** What the tests of a file share. */
export interface ArchiveInstallation {
  tenancy: TestTenancy;
  /** Folder of the store. */
  root: string;
  store: LocalArchiveStore;
  keys: TenantKeys;
}

/**
 * Tenants in one pool, their archives in a folder of this machine: once for the file. Sets the file's hooks.
 * @param wanted slugs, with the kit of those that have data.
 */
export function useArchives(wanted: Record<string, string | null>) {
  const here = {} as ArchiveInstallation;
  let scratch: TestDatabase;
  const tenants: Record<string, Tenant> = {};

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    here.tenancy = await TestTenancy.start(scratch.url);
    here.keys = here.tenancy.app.get(TenantKeys);
    here.root = await mkdtemp(join(tmpdir(), 'tierdeck-archives-'));
    here.store = new LocalArchiveStore(here.root);
    for (const [slug, kit] of Object.entries(wanted)) {
      await here.tenancy.onboard(tenantManifest(slug, { data: kit ? { kit } : undefined }));
      tenants[slug] = await here.tenancy.readModel.bySlug(slug);
    }
  });

  afterAll(async () => {
    await here.tenancy.stop();
    await scratch.drop();
    await rm(here.root, { recursive: true, force: true });
  });

  const of = (slug: string): Tenant => tenants[slug] as Tenant;

  async function withPool<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await here.tenancy.databases.connect(
      (Object.values(tenants)[0] as Tenant).databaseId as string,
    );
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  async function archive(slug: string, id = randomUUID()): Promise<string> {
    const key = await here.keys.current(of(slug).id);
    await withPool((client) => writeArchive(client, here.store, { id, tenant: of(slug), key, revision: 7 }));
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

  const open = (slug: string, id: string) =>
    openArchive(here.store, here.keys, { tenant: slug, id }, of(slug).id);

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

  return { here, of, withPool, archive, open, sums, restore, tablesWithTenants };
}
