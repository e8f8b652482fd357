import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { StepFailed, type OperationKind, type OperationStep, type StepContext } from '#operations';
import { loadArchive, verifyArchive, type OpenArchive } from '../archives/index.js';
import { NewTenantDatabase } from '../databases/new-tenant-database.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import type { Placement } from '../tenant.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { readUnits, replaceUnits } from '../units.js';
import { housedTenant } from './back-up-tenant.operation.js';
import { recordStep } from '../record-step.js';
import { failingAtOnce } from './backups.errors.js';
import { backupsStore } from './backups.store.js';
import { TenantArchives } from './tenant-archives.js';

export const RESTORE_AS_NEW = 'tenant.restore-as-new';

interface RestoreInput {
  backupId: string;
  source: { id: string; slug: string };
  slug: string;
  region: string | null;
  database: Placement;
}

/**
 * Makes a new tenant of an archive. It ends suspended: what the archive had queued, e.g. answers to partners, goes out
 * only once somebody resumes it.
 */
@Injectable()
export class RestoreAsNewOperation implements OperationKind {
  readonly kind = RESTORE_AS_NEW;

  readonly steps: readonly OperationStep[];

  constructor(
    private readonly tenants: TenantsReadModel,
    private readonly home: NewTenantDatabase,
    private readonly databases: TenantDatabases,
    private readonly archives: TenantArchives,
  ) {
    this.steps = [
      {
        name: 'check-archive',
        title: 'Check the whole archive',
        perform: (context) => this.#check(context),
      },
      ...home.steps,
      {
        name: 'load',
        title: 'Restore the rows and compare every table',
        perform: (context) => this.#load(context),
      },
      {
        name: 'verify',
        title: 'Verify isolation',
        perform: (context) => this.#verify(context),
      },
      {
        name: 'close',
        title: 'Make units known; the tenant waits to be resumed',
        record: (command, context) => this.#close(command, context),
      },
    ];
  }

  async onStopped(command: Command, context: StepContext): Promise<void> {
    const reason = await backupsStore.stopReason(command.tx, context.operationId);
    await lockTenant(command.tx, { id: context.tenantId as string });
    await updateTenant(command.tx, context.tenantId as string, { status: 'FAILED' });
    await backupsStore.endRestore(command.tx, context.operationId, 'FAILED', reason);
  }

  async onRetried(command: Command, context: StepContext): Promise<void> {
    const tenant = await lockTenant(command.tx, { id: context.tenantId as string });
    if (tenant.status !== 'FAILED') {
      throw new StepFailed('TENANT_STATUS_CONFLICT', `The tenant is ${tenant.status}.`, 409);
    }
    await updateTenant(command.tx, tenant.id, { status: 'PROVISIONING' });
    await backupsStore.endRestore(command.tx, context.operationId, 'RUNNING');
  }

  async #check(context: StepContext): Promise<void> {
    await failingAtOnce(async () => verifyArchive(await this.#open(context), context.progress.bind(context)));
  }

  async #load(context: StepContext): Promise<void> {
    const tenant = await housedTenant(this.tenants, context.tenantId);
    const client = await this.databases.connect(tenant.databaseId);
    try {
      const onProgress = context.progress.bind(context);
      await failingAtOnce(async () =>
        loadArchive(client, {
          archive: await this.#open(context),
          tenantId: tenant.id,
          onProgress,
          beforeCommit: () => onProgress({ message: 'compared' }),
        }),
      );
    } finally {
      await client.end();
    }
  }

  async #verify(context: StepContext): Promise<void> {
    const { databaseId } = await housedTenant(this.tenants, context.tenantId);
    await this.home.verified(databaseId, async () => undefined);
  }

  async #close(command: Command, context: StepContext): Promise<void> {
    const tenant = await housedTenant(this.tenants, context.tenantId);
    await replaceUnits(command.tx, tenant.id, await this.databases.withTenant(tenant, readUnits));
    await updateTenant(command.tx, tenant.id, { status: 'SUSPENDED' });
    await command.tx.query(`update tenant set suspension = 'ALL' where id = $1`, [tenant.id]);
    await backupsStore.endRestore(command.tx, context.operationId, 'COMPLETE');
    const { backupId, source } = inputOf(context);
    const after = { backup: backupId, of: source.slug, status: 'SUSPENDED' };
    await recordStep(command, context, 'tenant.restored', undefined, after);
  }

  #open(context: StepContext): Promise<OpenArchive> {
    const { source, backupId } = inputOf(context);
    return this.archives.open(source, backupId);
  }
}

function inputOf(context: StepContext): RestoreInput {
  return context.input as unknown as RestoreInput;
}
