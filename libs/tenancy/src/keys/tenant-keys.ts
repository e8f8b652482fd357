import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Commands, type Command } from '#audit';
import { Database, rowsOf, SecretBox, type Transaction } from '#platform';
import { lockTenant } from '../tenants.store.js';
import { keyVersionOf, openSecret, sealSecret, type TenantKey } from './tenant-key.js';
import { TenantKeyMissingError, TenantKeyShreddedError } from './tenant-keys.errors.js';

interface KeyRow {
  version: number;
  sealed: string | null;
  created_at: Date;
  retired_at: Date | null;
  shredded_at: Date | null;
}

/** A version of a tenant's key as it may be shown. */
export interface TenantKeyInfo {
  version: number;
  createdAt: Date;
  retiredAt: Date | null;
  shreddedAt: Date | null;
}

/**
 * Envelope encryption: each tenant has a data key of its own, stored only as sealed under the platform's key. New
 * writes use the newest version, older ones stay readable, and shredding makes all that they encrypted unreadable.
 */
@Injectable()
export class TenantKeys {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly secrets: SecretBox,
  ) {}

  /** The key to write with; the first time it is made. @throws TenantKeyShreddedError */
  async current(tenantId: string): Promise<TenantKey> {
    const [newest] = await this.#rows(this.database.source.manager, tenantId);
    if (newest) return this.#unwrap(tenantId, newest);
    return this.commands.asSystem('tenant-keys', async (command) => {
      // Two first uses at once: the second finds what the first has made.
      const { slug } = await lockTenant(command.tx, { id: tenantId });
      const [made] = await this.#rows(command.tx, tenantId);
      return made ? this.#unwrap(tenantId, made) : this.#make(command, { id: tenantId, slug }, 1);
    });
  }

  /** The key to read with. @throws TenantKeyShreddedError, TenantKeyMissingError */
  async version(tenantId: string, version: number): Promise<TenantKey> {
    const rows = await this.#rows(this.database.source.manager, tenantId);
    const row = rows.find((row) => row.version === version);
    if (!row) throw new TenantKeyMissingError(tenantId, version);
    return this.#unwrap(tenantId, row);
  }

  /** Every version, the newest first. */
  async list(tenantId: string): Promise<TenantKeyInfo[]> {
    const rows = await this.#rows(this.database.source.manager, tenantId);
    return rows.map((row) => ({
      version: row.version,
      createdAt: row.created_at,
      retiredAt: row.retired_at,
      shreddedAt: row.shredded_at,
    }));
  }

  /**
   * Makes a new version for new writes. Older versions stay readable and are sealed anew under the platform's key.
   * @returns the new version. @throws TenantKeyShreddedError
   */
  async rotate(command: Command, slug: string): Promise<number> {
    const tenant = await lockTenant(command.tx, { slug });
    const rows = await this.#rows(command.tx, tenant.id);
    for (const row of rows) {
      const { bytes } = this.#unwrap(tenant.id, row);
      await command.tx.query(
        `update tenant_key set sealed = $3, retired_at = coalesce(retired_at, clock_timestamp())
         where tenant_id = $1 and version = $2`,
        [tenant.id, row.version, this.#wrap(tenant.id, row.version, bytes)],
      );
    }
    return (await this.#make(command, tenant, (rows[0]?.version ?? 0) + 1)).version;
  }

  /**
   * Destroys every version of the tenant's key: no archive and no secret of it can ever be read again. Repeated, it
   * changes nothing. Copies of the control-plane database from before hold the sealed keys and must go as well.
   * @returns how many versions were destroyed now.
   */
  async shred(command: Command, tenantId: string, reason: string): Promise<number> {
    const { slug } = await lockTenant(command.tx, { id: tenantId });
    // A tenant that never had a key gets a shredded one, so that none is made for it later.
    await command.tx.query(
      `insert into tenant_key (tenant_id, version, sealed, retired_at, shredded_at)
       select $1, 1, null, clock_timestamp(), clock_timestamp()
       where not exists (select from tenant_key where tenant_id = $1)`,
      [tenantId],
    );
    const shredded = await rowsOf<{ version: number }>(
      command.tx,
      `update tenant_key set sealed = null, shredded_at = clock_timestamp(),
         retired_at = coalesce(retired_at, clock_timestamp())
       where tenant_id = $1 and shredded_at is null returning version`,
      [tenantId],
    );
    await command.record({
      area: 'tenancy',
      action: 'tenant-key.shredded',
      subject: `tenant/${slug}`,
      tenantId,
      after: { versions: shredded.map(({ version }) => version).sort((a, b) => a - b) },
      reason,
    });
    return shredded.length;
  }

  /** Encrypts a secret of the tenant for one purpose, e.g. `database-login`; it opens for no other. */
  async seal(tenantId: string, purpose: string, plain: string): Promise<string> {
    return sealSecret(await this.current(tenantId), `secret/${purpose}`, plain);
  }

  /** @throws TenantKeyShreddedError, TenantSecretUnreadableError */
  async open(tenantId: string, purpose: string, sealed: string): Promise<string> {
    const key = await this.version(tenantId, keyVersionOf(sealed));
    return openSecret(key, `secret/${purpose}`, sealed);
  }

  async #make(command: Command, tenant: { id: string; slug: string }, version: number): Promise<TenantKey> {
    const bytes = randomBytes(32);
    await command.tx.query('insert into tenant_key (tenant_id, version, sealed) values ($1, $2, $3)', [
      tenant.id,
      version,
      this.#wrap(tenant.id, version, bytes),
    ]);
    await command.record({
      area: 'tenancy',
      action: version === 1 ? 'tenant-key.created' : 'tenant-key.rotated',
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      after: { version },
    });
    return { tenantId: tenant.id, version, bytes };
  }

  #rows(tx: Transaction, tenantId: string): Promise<KeyRow[]> {
    return rowsOf<KeyRow>(tx, 'select * from tenant_key where tenant_id = $1 order by version desc', [
      tenantId,
    ]);
  }

  #wrap(tenantId: string, version: number, bytes: Buffer): string {
    return this.secrets.seal(bytes.toString('base64url'), contextOf(tenantId, version));
  }

  #unwrap(tenantId: string, { version, sealed }: KeyRow): TenantKey {
    if (sealed === null) throw new TenantKeyShreddedError(tenantId);
    const opened = this.secrets.open(sealed, contextOf(tenantId, version));
    return { tenantId, version, bytes: Buffer.from(opened, 'base64url') };
  }
}

function contextOf(tenantId: string, version: number): string {
  return `tenant-key/${tenantId}/${version}`;
}
