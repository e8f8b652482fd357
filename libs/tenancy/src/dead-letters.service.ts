import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { InvalidInputError, NotFoundError } from '#platform';
import { TenantDatabases } from './databases/tenant-databases.js';
import type { Tenant } from './tenant.js';
import { TenantsReadModel } from './tenants.read-model.js';

/** An integration job that was given up after its attempts. */
export interface DeadLetter {
  id: string;
  kind: string;
  attempts: number;
  error: string | null;
  createdAt: Date;
  payload: unknown;
}

/** Dead letters lie in the tenant's own database; they are read there as the data plane would, under its policy. */
@Injectable()
export class DeadLettersService {
  constructor(
    private readonly tenants: TenantsReadModel,
    private readonly databases: TenantDatabases,
  ) {}

  /** The most recent first. A tenant without a database has none. */
  async list(tenant: Tenant, first = 50): Promise<DeadLetter[]> {
    const { id, databaseId } = tenant;
    if (first < 1 || first > 500)
      throw new InvalidInputError('first must be between 1 and 500.', { field: 'first' });
    if (!databaseId) return [];
    return this.databases.withTenant({ id, databaseId }, async (client) => {
      const { rows } = await client.query<DeadLetter>(
        `select id, kind, attempts, last_error as error, created_at as "createdAt", payload
         from integration_job where status = 'DEAD' order by created_at desc, id limit $1`,
        [first],
      );
      return rows;
    });
  }

  /** Queues a dead letter again with all its attempts. */
  async retry(command: Command, input: { tenant: string; id: string }): Promise<void> {
    const { id, slug, databaseId } = await this.tenants.bySlug(input.tenant);
    const queued =
      databaseId &&
      (await this.databases.withTenant({ id, databaseId }, async (client) => {
        const { rowCount } = await client.query(
          `update integration_job set status = 'QUEUED', attempts = 0, run_at = now(), lease_until = null,
             finished_at = null
           where id::text = $1 and status = 'DEAD'`,
          [input.id],
        );
        return rowCount;
      }));
    if (!queued) throw new NotFoundError('dead letter', input.id);
    await command.record({
      area: 'tenancy',
      action: 'dead-letter.retried',
      subject: `tenant/${slug}`,
      tenantId: id,
      after: { job: input.id },
    });
  }
}
