import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { OperationsService } from '#operations';
import { InvalidInputError, NotFoundError, rowsOf, type Transaction } from '#platform';
import { DatabaseClusters } from '../databases/database-clusters.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { tenantFields } from '../manifests/tenant-fields.js';
import { ErasureBegunError } from '../lifecycle/lifecycle.errors.js';
import { TenantStatusError } from '../tenancy.errors.js';
import type { Placement, Tenant } from '../tenant.js';
import { insertTenant, lockTenant } from '../tenants.store.js';
import { BACK_UP_TENANT } from './back-up-tenant.operation.js';
import type { Backup, BackupReason, RestoreMode } from './backup.js';
import { BackupNotUsableError, BackupRunningError, NoBackupError } from './backups.errors.js';
import { backupsStore } from './backups.store.js';
import { RESTORE_AS_NEW } from './restore-as-new.operation.js';
import { RESTORE_ASIDE } from './restore-aside.operation.js';
import { RESTORE_DRILL } from './restore-drill.operation.js';
import { RESTORE_IN_PLACE } from './restore-in-place.operation.js';
import { scratchName } from './scratch-databases.js';

export interface RestoreWish {
  /** Slug of the tenant whose archive it is. */
  tenant: string;
  /** Absent: the newest. */
  backup?: string | null | undefined;
  mode: RestoreMode;
  /** IN_PLACE: the slug again. */
  confirm?: string | null | undefined;
  /** NEW_TENANT: what the new one is called. */
  newSlug?: string | null | undefined;
  newName?: string | null | undefined;
  database?: Placement | null | undefined;
  /** SIDE_BY_SIDE: how long the database stays. */
  hours?: number | null | undefined;
}

const perTenant = [BACK_UP_TENANT, RESTORE_IN_PLACE];
const maxAsideHours = 168;

/** Commands on backups: each starts an operation and writes down what shall come of it. */
@Injectable()
export class BackupsService {
  constructor(
    private readonly operations: OperationsService,
    private readonly databases: TenantDatabases,
    private readonly clusters: DatabaseClusters,
  ) {}

  /**
   * Starts to archive a tenant.
   * @throws TenantStatusError, BackupRunningError BACKUP_RUNNING
   */
  async backUp(
    command: Command,
    slug: string,
    reason: BackupReason = 'REQUESTED',
  ): Promise<{ operationId: string; backupId: string }> {
    const tenant = await lockTenant(command.tx, { slug });
    refuseUnhoused(tenant, 'backed up', ['ACTIVE', 'SUSPENDED', 'MOVING']);
    await refuseBusy(command.tx, tenant);
    const backupId = randomUUID();
    const operationId = await this.operations.start(command, {
      kind: BACK_UP_TENANT,
      subject: `tenant/${slug}`,
      tenantId: tenant.id,
      input: { slug, backupId },
    });
    await backupsStore.insert(command.tx, {
      id: backupId,
      tenantId: tenant.id,
      reason,
      requestedBy: command.actor.name,
    });
    return { operationId, backupId };
  }

  /** Starts a restore. @returns the operation, whose id is also the restore's. */
  async restore(command: Command, wish: RestoreWish): Promise<{ operationId: string; slug: string }> {
    const tenant = await lockTenant(command.tx, { slug: wish.tenant });
    refuseErased(tenant);
    const backup = await usable(command.tx, tenant, wish.backup);
    if (wish.mode === 'IN_PLACE') return this.#restoreInPlace(command, tenant, backup, wish);
    if (wish.mode === 'NEW_TENANT') return this.#restoreAsNew(command, tenant, backup, wish);
    return this.#restoreAside(command, tenant, backup, wish);
  }

  /** Starts a drill on the newest archive, or on a given one. */
  async drill(command: Command, slug: string, backupId?: string | null): Promise<string> {
    const tenant = await lockTenant(command.tx, { slug });
    refuseErased(tenant);
    const backup = await usable(command.tx, tenant, backupId);
    const operationId = await this.operations.start(command, {
      kind: RESTORE_DRILL,
      subject: `tenant/${slug}`,
      tenantId: tenant.id,
      input: { slug, backupId: backup.id, cluster: await this.#clusterOf(tenant) },
    });
    const { id: tenantId } = tenant;
    await backupsStore.insertDrill(command.tx, {
      id: operationId,
      tenantId,
      backupId: backup.id,
      requestedBy: command.actor.name,
    });
    return operationId;
  }

  async #restoreInPlace(
    command: Command,
    tenant: Tenant,
    backup: Backup,
    wish: RestoreWish,
  ): Promise<{ operationId: string; slug: string }> {
    if (wish.confirm !== tenant.slug) {
      const message = `confirm must repeat the slug "${tenant.slug}": what it has now will be replaced.`;
      throw new InvalidInputError(message, { field: 'confirm' });
    }
    refuseUnhoused(tenant, 'restored', ['ACTIVE', 'SUSPENDED']);
    await refuseBusy(command.tx, tenant);
    const beforeBackupId = randomUUID();
    const operationId = await this.operations.start(command, {
      kind: RESTORE_IN_PLACE,
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      input: { slug: tenant.slug, backupId: backup.id, beforeBackupId, statusBefore: tenant.status },
    });
    const requestedBy = command.actor.name;
    await backupsStore.insert(command.tx, {
      id: beforeBackupId,
      tenantId: tenant.id,
      reason: 'BEFORE_RESTORE',
      requestedBy,
    });
    await backupsStore.insertRestore(command.tx, {
      id: operationId,
      tenantId: tenant.id,
      backupId: backup.id,
      mode: 'IN_PLACE',
      requestedBy,
      targetTenantId: tenant.id,
      beforeBackupId,
    });
    return { operationId, slug: tenant.slug };
  }

  async #restoreAsNew(
    command: Command,
    source: Tenant,
    backup: Backup,
    wish: RestoreWish,
  ): Promise<{ operationId: string; slug: string }> {
    const parsed = tenantFields.slug.safeParse(wish.newSlug);
    if (!parsed.success) {
      throw new InvalidInputError(`newSlug: ${parsed.error.issues[0]?.message ?? 'is missing'}`, {
        field: 'newSlug',
      });
    }
    const name = tenantFields.name.safeParse(wish.newName ?? `${source.name.slice(0, 180)} (restored)`);
    if (!name.success)
      throw new InvalidInputError('newName must have 1 to 200 characters.', { field: 'newName' });
    const database = wish.database ?? source.databasePlacement;
    const made = await insertTenant(command.tx, {
      slug: parsed.data,
      name: name.data,
      plan: source.plan,
      region: source.region,
      labels: source.labels,
      database,
      integrationWorkers: 'SHARED',
      kit: null,
      manifestDigest: null,
    });
    const operationId = await this.operations.start(command, {
      kind: RESTORE_AS_NEW,
      subject: `tenant/${made.slug}`,
      tenantId: made.id,
      input: {
        backupId: backup.id,
        source: { id: source.id, slug: source.slug },
        slug: made.slug,
        region: source.region,
        database,
      },
    });
    await backupsStore.insertRestore(command.tx, {
      id: operationId,
      tenantId: source.id,
      backupId: backup.id,
      mode: 'NEW_TENANT',
      requestedBy: command.actor.name,
      targetTenantId: made.id,
    });
    await command.record({
      area: 'tenancy',
      action: 'tenant.restoring-started',
      subject: `tenant/${made.slug}`,
      tenantId: made.id,
      after: { backup: backup.id, of: source.slug, database },
    });
    return { operationId, slug: made.slug };
  }

  async #restoreAside(
    command: Command,
    tenant: Tenant,
    backup: Backup,
    wish: RestoreWish,
  ): Promise<{ operationId: string; slug: string }> {
    const hours = wish.hours ?? 24;
    if (!Number.isInteger(hours) || hours < 1 || hours > maxAsideHours) {
      throw new InvalidInputError(`hours must be between 1 and ${maxAsideHours}.`, { field: 'hours' });
    }
    const cluster = await this.#clusterOf(tenant);
    const name = scratchName('aside', randomUUID());
    const operationId = await this.operations.start(command, {
      kind: RESTORE_ASIDE,
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      input: { slug: tenant.slug, backupId: backup.id, cluster, database: name },
    });
    await backupsStore.insertRestore(command.tx, {
      id: operationId,
      tenantId: tenant.id,
      backupId: backup.id,
      mode: 'SIDE_BY_SIDE',
      requestedBy: command.actor.name,
      aside: { cluster, name, hours },
    });
    return { operationId, slug: tenant.slug };
  }

  /** Scratch databases stand where the tenant's own rows may be. */
  async #clusterOf(tenant: Tenant): Promise<string> {
    const [home] = await this.databases.byIds([tenant.databaseId ?? '00000000-0000-0000-0000-000000000000']);
    return home?.cluster ?? this.clusters.placementFor(tenant.region);
  }
}

function refuseUnhoused(tenant: Tenant, what: string, allowed: Tenant['status'][]): void {
  if (tenant.databaseId && allowed.includes(tenant.status)) return;
  throw new TenantStatusError(
    tenant.slug,
    tenant.status,
    what,
    `Only one that is ${allowed.join(' or ')} can be.`,
  );
}

/** What is erased is not brought into another database meanwhile. @throws ErasureBegunError ERASURE_BEGUN */
function refuseErased({ slug, erasingSince }: Tenant): void {
  if (erasingSince) throw new ErasureBegunError(slug);
}

/** One archive or restore in place of a tenant at a time. */
async function refuseBusy(tx: Transaction, tenant: Tenant): Promise<void> {
  const [busy] = await rowsOf<{ id: string }>(
    tx,
    `select id from operation where tenant_id = $1 and kind = any($2) and status in ('PENDING', 'RUNNING', 'WAITING') limit 1`,
    [tenant.id, perTenant],
  );
  if (busy) throw new BackupRunningError(tenant.slug, busy.id);
}

/** @throws NotFoundError BACKUP_NOT_FOUND, BackupNotUsableError, NoBackupError */
async function usable(tx: Transaction, tenant: Tenant, id: string | null | undefined): Promise<Backup> {
  if (!id) {
    const newest = await backupsStore.newest(tx, tenant.id);
    if (!newest) throw new NoBackupError(tenant.slug);
    return newest;
  }
  const backup = await backupsStore.find(tx, id);
  // Another tenant's archive is as unknown as none at all.
  if (!backup || backup.tenantId !== tenant.id) {
    throw new NotFoundError('backup', id, {
      field: 'backup',
      hint: `tierdeck tenant backups ${tenant.slug}`,
    });
  }
  if (backup.status !== 'COMPLETE') throw new BackupNotUsableError(id, backup.status);
  return backup;
}
