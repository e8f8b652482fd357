import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { TenantDatabases } from '../databases/tenant-databases.js';
import type { Placement } from '../tenant.js';

/** Who may claim a tenant's jobs, as the tenant's database says. */
export interface WorkerAssignment {
  pool: Placement;
  /** False while the workers before still have jobs in flight. */
  open: boolean;
  /** Jobs in flight, whoever's. */
  running: number;
}

/**
 * Hands a tenant's jobs from one kind of worker to the other, in the tenant's own database. From the moment it is
 * written no other worker claims a job, however old its snapshot; the first claim of the new one opens the queue, once
 * the last job of the old one has ended. There is nothing to take back or to finish after a crash at any point.
 */
@Injectable()
export class WorkerAssignments {
  constructor(private readonly databases: TenantDatabases) {}

  /** Idempotent. Waits for a claim under way. */
  async assign(tenant: { id: string; databaseId: string }, pool: Placement): Promise<WorkerAssignment> {
    return this.#inDatabase(tenant, async (client) => {
      await client.query(`select pg_advisory_xact_lock(hashtextextended('tierdeck_jobs:' || $1::uuid, 0))`, [
        tenant.id,
      ]);
      await client.query(
        `insert into worker_assignment as a (tenant_id, pool, open) values ($1, $2, false)
         on conflict (tenant_id) do update set pool = excluded.pool, open = false, epoch = a.epoch + 1, changed_at = now()
         where a.pool <> excluded.pool`,
        [tenant.id, pool],
      );
      return read(client, tenant.id);
    });
  }

  async #inDatabase<T>(
    { id, databaseId }: { id: string; databaseId: string },
    work: (client: pg.Client) => Promise<T>,
  ): Promise<T> {
    const client = await this.databases.connect(databaseId);
    try {
      await client.query('begin');
      // With the tenant set, the fence refuses the write where the tenant is no longer at home.
      await client.query(`select set_config('tierdeck.tenant_id', $1, true)`, [id]);
      const result = await work(client);
      await client.query('commit');
      return result;
    } finally {
      await client.end();
    }
  }
}

async function read(client: pg.Client, tenantId: string): Promise<WorkerAssignment> {
  const { rows } = await client.query<WorkerAssignment>(
    `select pool, open,
       (select count(*)::int from integration_job where tenant_id = $1 and status = 'RUNNING') as running
     from worker_assignment where tenant_id = $1`,
    [tenantId],
  );
  if (!rows[0]) throw new Error('an assignment that was just written is gone');
  return rows[0];
}
