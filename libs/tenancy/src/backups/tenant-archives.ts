import { Inject, Injectable } from '@nestjs/common';
import type pg from 'pg';
import { StepWaiting, type StepProgress } from '#operations';
import { Database } from '#platform';
import {
  ARCHIVE_STORE,
  openArchive,
  writeArchive,
  type ArchiveStore,
  type OpenArchive,
} from '../archives/index.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { TenantKeys } from '../keys/index.js';
import type { ArchiveSummary } from './backup.js';

/** The archives of tenants in the store. */
@Injectable()
export class TenantArchives {
  constructor(
    private readonly database: Database,
    private readonly databases: TenantDatabases,
    private readonly keys: TenantKeys,
    @Inject(ARCHIVE_STORE) private readonly store: ArchiveStore,
  ) {}

  /**
   * Archives all rows of a tenant under an id. Repeated, also after a crash, it gives the archive that is there.
   * @throws StepWaiting while the tenant is changing its home.
   */
  async take(
    tenant: { id: string; slug: string; name: string; databaseId: string },
    id: string,
    onProgress?: (progress: StepProgress) => Promise<void>,
  ): Promise<ArchiveSummary> {
    const place = { tenant: tenant.slug, id };
    if (!(await this.store.open(place))) {
      const key = await this.keys.current(tenant.id);
      const [head] = await this.database.query<{ revision: string }>('select revision from revision_head');
      const client = await this.databases.connect(tenant.databaseId);
      try {
        await refuseMoved(client, tenant.id);
        await writeArchive(client, this.store, {
          id,
          tenant,
          key,
          revision: Number(head?.revision ?? 0),
          ...(onProgress ? { onProgress } : {}),
        });
      } finally {
        await client.end().catch(() => undefined);
      }
    }
    return summaryOf(await this.open(tenant, id));
  }

  /** @throws ArchiveRefusedError, TenantKeyShreddedError, TenantKeyMissingError */
  open(tenant: { id: string; slug: string }, id: string): Promise<OpenArchive> {
    return openArchive(this.store, this.keys, { tenant: tenant.slug, id }, tenant.id);
  }

  remove(tenant: { slug: string }, id: string): Promise<void> {
    return this.store.remove({ tenant: tenant.slug, id });
  }
}

function summaryOf({ manifest }: OpenArchive): ArchiveSummary {
  const sum = (of: 'rows' | 'bytes' | 'storedBytes'): number =>
    manifest.tables.reduce((sum, table) => sum + table[of], 0);
  return {
    snapshotAt: manifest.snapshotAt,
    revision: manifest.revision,
    keyVersion: manifest.keyVersion,
    tables: manifest.tables.length,
    rows: sum('rows'),
    bytes: sum('bytes'),
    storedBytes: sum('storedBytes'),
  };
}

/** In the old home the rows of a tenant that has moved are on their way out. */
async function refuseMoved(client: pg.Client, tenantId: string): Promise<void> {
  const { rows } = await client.query<{ known: boolean }>(
    `select to_regclass('tenant_home') is not null as known`,
  );
  if (!rows[0]?.known) return;
  const { rowCount } = await client.query(
    `select 1 from tenant_home where tenant_id = $1 and state = 'MOVED'`,
    [tenantId],
  );
  if (rowCount) throw new StepWaiting('Waiting until it is known where the tenant has moved to.', 1_000);
}
