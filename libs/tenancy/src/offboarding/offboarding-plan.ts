import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, Database, type Configuration } from '#platform';
import { countRows } from '../databases/tenant-rows.js';
import { TenantDatabases, type TenantDatabase } from '../databases/tenant-databases.js';
import { activeHolds } from '../lifecycle/legal-holds.store.js';
import { openMoveOf } from '../moves/moves.store.js';
import { RuntimeInstances } from '../placement/worker-instances.js';
import type { Tenant } from '../tenant.js';

/** What the offboarding of a tenant would erase, counted when asked for. */
export interface OffboardingPlan {
  tenant: string;
  /** Tables with rows of the tenant, the fullest first. */
  tables: { table: string; rows: number }[];
  rows: number;
  /** `cluster/database`; null for a tenant that has none yet. */
  database: string | null;
  /** A database of its own is dropped, with its login role. */
  databaseDropped: boolean;
  /** Processes of its own that run now. */
  workers: number;
  /** Tokens that open the data plane or its flags as this tenant. */
  tokens: number;
  /** Archives that nobody can read any more once the key is destroyed. */
  archives: number;
  archiveBytes: number;
  /** How long it can be brought back unless the offboarding says otherwise. */
  retentionHours: number;
  /** Why it cannot be offboarded now; empty if it can. */
  blockers: string[];
}

interface Counts {
  tokens: number;
  archives: number;
  archive_bytes: string;
}

/** Looks at what an offboarding would erase, and changes nothing. */
@Injectable()
export class OffboardingPlanner {
  constructor(
    private readonly database: Database,
    private readonly databases: TenantDatabases,
    private readonly instances: RuntimeInstances,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  async plan(tenant: Tenant): Promise<OffboardingPlan> {
    const home = (await this.databases.databases()).find(({ id }) => id === tenant.databaseId);
    const rows = home ? await this.#rows(home, tenant) : {};
    const [counts] = await this.database.query<Counts>(
      `select (select count(*)::int from tenant_token where tenant_id = $1 and revoked_at is null)
          + (select count(*)::int from sdk_token where tenant_id = $1 and revoked_at is null) as tokens,
         count(*)::int as archives, coalesce(sum(stored_bytes), 0)::text as archive_bytes
       from tenant_backup where tenant_id = $1 and status = 'COMPLETE'`,
      [tenant.id],
    );
    const workers = await this.instances.dedicatedTo([tenant.id]);
    return {
      tenant: tenant.slug,
      tables: Object.entries(rows)
        .filter(([, count]) => count > 0)
        .map(([table, count]) => ({ table, rows: count }))
        .sort((a, b) => b.rows - a.rows || a.table.localeCompare(b.table)),
      rows: Object.values(rows).reduce((sum, count) => sum + count, 0),
      database: home ? `${home.cluster}/${home.name}` : null,
      databaseDropped: home?.kind === 'DEDICATED',
      workers: workers.filter(({ alive }) => alive).length,
      tokens: counts?.tokens ?? 0,
      archives: counts?.archives ?? 0,
      archiveBytes: Number(counts?.archive_bytes ?? 0),
      retentionHours: tenant.status === 'FAILED' ? 0 : this.configuration.retentionHours,
      blockers: await this.#blockers(tenant),
    };
  }

  async #rows(home: TenantDatabase, tenant: Tenant): Promise<Record<string, number>> {
    const client = await this.databases.connect(home.id);
    try {
      return await countRows(client, tenant.id);
    } finally {
      await client.end();
    }
  }

  /** The same that the command refuses. */
  async #blockers(tenant: Tenant): Promise<string[]> {
    const blockers: string[] = [];
    if (!['ACTIVE', 'SUSPENDED', 'FAILED'].includes(tenant.status)) {
      blockers.push(`It is ${tenant.status}: wait for its operation to end, or cancel that.`);
    }
    if (await openMoveOf(this.database, tenant.id)) {
      blockers.push('Its move is not finished: the former database is still kept. Finish the move first.');
    }
    for (const { reason } of await activeHolds(this.database.source.manager, tenant.id)) {
      blockers.push(`A legal hold keeps the data: ${reason}`);
    }
    return blockers;
  }
}
