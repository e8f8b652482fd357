import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { hashToken, InvalidInputError, NotFoundError, randomSecret, rowsOf } from '#platform';
import { TenantStatusError } from './tenancy.errors.js';
import { lockTenant } from './tenants.store.js';

/** Bearer tokens with which a tenant's systems call the data plane. The data plane knows only their hashes. */
@Injectable()
export class TenantTokensService {
  /** @returns the secret, shown once. */
  async create(
    command: Command,
    input: { tenant: string; name: string },
  ): Promise<{ id: string; secret: string }> {
    const tenant = await lockTenant(command.tx, { slug: input.tenant });
    if (tenant.status === 'OFFBOARDED' || tenant.status === 'OFFBOARDING') {
      throw new TenantStatusError(tenant.slug, tenant.status, 'given a token', 'Onboard it anew.');
    }
    if (input.name.length < 1 || input.name.length > 100) {
      throw new InvalidInputError('name must have 1 to 100 characters.', { field: 'name' });
    }
    const token = { id: randomUUID(), secret: `tdt_${randomSecret()}` };
    await command.tx.query(
      'insert into tenant_token (id, tenant_id, name, secret_hash) values ($1, $2, $3, $4)',
      [token.id, tenant.id, input.name, hashToken(token.secret)],
    );
    await command.record({
      area: 'tenancy',
      action: 'tenant-token.created',
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      after: { id: token.id, name: input.name },
    });
    return token;
  }

  async revoke(command: Command, id: string): Promise<void> {
    const [row] = await rowsOf<{ name: string; tenant_id: string; slug: string }>(
      command.tx,
      `update tenant_token k set revoked_at = now() from tenant t
       where k.id::text = $1 and k.revoked_at is null and t.id = k.tenant_id returning k.name, k.tenant_id, t.slug`,
      [id],
    );
    if (!row) throw new NotFoundError('tenant token', id);
    await command.record({
      area: 'tenancy',
      action: 'tenant-token.revoked',
      subject: `tenant/${row.slug}`,
      tenantId: row.tenant_id,
      before: { id, name: row.name },
    });
  }
}
