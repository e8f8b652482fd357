import { Injectable } from '@nestjs/common';
import type { Tenant } from '../tenant.js';
import { TenantDatabases } from './tenant-databases.js';
import { countRows, total } from './tenant-rows.js';

/** How many rows a tenant has. */
@Injectable()
export class TenantRowCounts {
  constructor(private readonly databases: TenantDatabases) {}

  /** @returns undefined for a tenant without a database. */
  async of(tenant: Tenant): Promise<number | undefined> {
    if (!tenant.databaseId) return undefined;
    const client = await this.databases.connect(tenant.databaseId);
    try {
      return total(await countRows(client, tenant.id));
    } finally {
      await client.end();
    }
  }
}
