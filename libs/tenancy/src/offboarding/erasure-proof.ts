import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { ScratchDatabases } from '../backups/index.js';
import { DatabaseClusters } from '../databases/database-clusters.js';
import { DatabaseProvisioner } from '../databases/database-provisioner.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { countRows, total } from '../databases/tenant-rows.js';
import { RuntimeInstances } from '../placement/worker-instances.js';

/** One thing that was looked for; a proof is whole if nothing was found anywhere. */
export interface ErasureCheck {
  what: string;
  where: string;
  found: number;
}

/** Looks for everything of a tenant that lives outside the control plane's own tables. */
@Injectable()
export class ErasureProof {
  constructor(
    private readonly databases: TenantDatabases,
    private readonly clusters: DatabaseClusters,
    private readonly provisioner: DatabaseProvisioner,
    private readonly instances: RuntimeInstances,
    private readonly scratch: ScratchDatabases,
  ) {}

  /** @param revision from which on no data-plane process may know the tenant. */
  async gather(tenant: { id: string; slug: string }, revision: number): Promise<ErasureCheck[]> {
    const checks: ErasureCheck[] = [];
    const own = this.provisioner.names.dedicated(tenant.slug);
    const copies = await this.scratch.ofTenant(tenant.id);
    for (const { cluster, name, kind } of await this.databases.databases()) {
      if (kind !== 'POOLED') continue;
      const where = `${cluster}/${name}`;
      checks.push(
        ...(await this.clusters.asAdmin(cluster, name, (client) => inDatabase(client, tenant.id, where))),
      );
      const left = await this.provisioner.traces(cluster, { database: own, role: own });
      checks.push(
        { what: 'database', where: cluster, found: left.databases },
        { what: 'login role', where: cluster, found: left.roles },
        { what: 'replication slots of its database', where: cluster, found: left.slots },
        {
          what: 'databases with an archive of it',
          where: cluster,
          found: copies.filter((copy) => copy.cluster === cluster).length,
        },
      );
    }
    const { tenants } = await this.databases.snapshot();
    const known = tenants.filter(({ id }) => id === tenant.id).length;
    const behind = await this.instances.behind(revision);
    checks.push(
      { what: 'entry in the runtime snapshot', where: 'control plane', found: known },
      { what: 'processes that still know the tenant', where: 'data plane', found: behind.length },
    );
    return checks;
  }
}

/** Rows of every table that the catalogue has, and streams that are filtered to the tenant. */
async function inDatabase(client: pg.Client, tenantId: string, where: string): Promise<ErasureCheck[]> {
  const counts = await countRows(client, tenantId);
  const { rows } = await client.query<{ publications: number; slots: number }>(
    `with own as (select distinct p.pubname from pg_publication p join pg_publication_rel r on r.prpubid = p.oid
                  where position($1 in pg_get_expr(r.prqual, r.prrelid)) > 0)
     select (select count(*)::int from own) as publications,
       (select count(*)::int from pg_replication_slots s where s.slot_name::text in (select pubname::text from own)) as slots`,
    [tenantId],
  );
  return [
    { what: `rows in ${Object.keys(counts).length} tables`, where, found: total(counts) },
    { what: 'integration jobs', where, found: counts['integration_job'] ?? 0 },
    { what: 'publications of its rows', where, found: rows[0]?.publications ?? 0 },
    { what: 'replication slots of its rows', where, found: rows[0]?.slots ?? 0 },
  ];
}
