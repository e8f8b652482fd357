import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { StepFailed, StepWaiting, type OperationKind, type StepContext, type StepOutcome } from '#operations';
import { ConflictError, Database, rowsOf } from '#platform';
import { loadArchive, refuseOtherSchema, verifyArchive, type OpenArchive } from '../archives/index.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { RuntimeInstances } from '../placement/worker-instances.js';
import { recordStep } from '../record-step.js';
import type { Tenant } from '../tenant.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import { lockTenant } from '../tenants.store.js';
import { readUnits, replaceUnits } from '../units.js';
import { housedTenant, recordBackup } from './back-up-tenant.operation.js';
import type { ArchiveSummary } from './backup.js';
import { failingAtOnce } from './backups.errors.js';
import { backupsStore } from './backups.store.js';
import { TenantArchives } from './tenant-archives.js';

export const RESTORE_IN_PLACE = 'tenant.restore-in-place';

/**
 * Brings a tenant back to the state of an archive. The tenant is suspended for writes meanwhile, and what it has now is
 * archived first, so that the restore can be undone. The rows change in one transaction that commits only when their
 * checksums are the archive's.
 */
@Injectable()
export class RestoreInPlaceOperation implements OperationKind {
  readonly kind = RESTORE_IN_PLACE;

  readonly steps = [
    {
      name: 'check-archive',
      title: 'Check the whole archive before anything is touched',
      perform: (context: StepContext) => this.#check(context),
      record: (command: Command, context: StepContext) => this.#suspend(command, context),
    },
    {
      name: 'drain',
      title: 'Wait until no process writes for the tenant',
      perform: (context: StepContext) => this.#drain(context),
    },
    {
      name: 'archive-before',
      title: 'Archive what is there now',
      perform: (context: StepContext) => this.#archiveBefore(context),
      record: (command: Command, context: StepContext) =>
        recordBackup(command, context, beforeIdOf(context), context.state['before'] as ArchiveSummary),
    },
    {
      name: 'replace',
      title: 'Replace the rows and compare every table',
      perform: (context: StepContext) => this.#replace(context),
    },
    {
      name: 'resume',
      title: 'Make units known and serve again',
      record: (command: Command, context: StepContext) => this.#resume(command, context),
    },
  ];

  constructor(
    private readonly database: Database,
    private readonly tenants: TenantsReadModel,
    private readonly databases: TenantDatabases,
    private readonly instances: RuntimeInstances,
    private readonly archives: TenantArchives,
  ) {}

  /** Until the rows were replaced they are the old ones: a failure then leaves the tenant as it was. */
  async onStopped(command: Command, context: StepContext, status: 'FAILED' | 'CANCELLED'): Promise<void> {
    const reason = await backupsStore.stopReason(command.tx, context.operationId);
    await backupsStore.fail(command.tx, beforeIdOf(context), reason);
    await backupsStore.endRestore(command.tx, context.operationId, 'FAILED', reason);
    // After a cancel the step under way may not have noticed yet: then a person resumes the tenant.
    if (status === 'FAILED' && !context.state['replaced']) await this.#unsuspend(command, context);
  }

  /** @throws ConflictError RESTORE_OVER once the tenant is served again: what it wrote since is archived nowhere. */
  async onRetried(command: Command, context: StepContext): Promise<void> {
    const tenant = await lockTenant(command.tx, { id: context.tenantId as string });
    if (context.state['checked'] && tenant.status !== 'SUSPENDED') {
      throw new ConflictError('RESTORE_OVER', `Tenant "${tenant.slug}" has been served again since.`, {
        hint: `Start a new one: tierdeck tenant restore ${tenant.slug} --backup ${String(context.input['backupId'])}`,
      });
    }
    await backupsStore.run(command.tx, beforeIdOf(context));
    await backupsStore.endRestore(command.tx, context.operationId, 'RUNNING');
  }

  async #check(context: StepContext): Promise<StepOutcome> {
    const tenant = await housedTenant(this.tenants, context.tenantId);
    await failingAtOnce(async () => {
      const archive = await this.#open(context, tenant);
      const client = await this.databases.connect(tenant.databaseId);
      try {
        await refuseOtherSchema(client, archive);
      } finally {
        await client.end();
      }
      await verifyArchive(archive, context.progress.bind(context));
    });
    return { checked: true };
  }

  async #suspend(command: Command, context: StepContext): Promise<void> {
    const tenant = await lockTenant(command.tx, { id: context.tenantId as string });
    if (tenant.status === 'SUSPENDED') return;
    if (tenant.status !== 'ACTIVE') {
      throw new StepFailed('TENANT_STATUS_CONFLICT', `The tenant is ${tenant.status}.`, 409);
    }
    await setStatus(command, tenant.id, 'SUSPENDED', 'READ_ONLY');
    await recordStep(command, context, 'tenant.suspended', { status: 'ACTIVE' }, { status: 'SUSPENDED' });
  }

  async #drain(context: StepContext): Promise<void> {
    const [row] = await this.database.query<{ revision: string | null }>(
      `select max(revision) as revision from audit_event where subject = $1 and correlation = $2`,
      [context.subject, `operation/${context.operationId}`],
    );
    const behind = await this.instances.behind(Number(row?.revision ?? 0));
    if (behind.length > 0) {
      throw new StepWaiting(
        `Waiting for ${behind.length} data-plane process(es) to stop writing for the tenant.`,
      );
    }
  }

  async #archiveBefore(context: StepContext): Promise<StepOutcome> {
    const tenant = await this.#suspended(context);
    const before = await failingAtOnce(() =>
      this.archives.take(tenant, beforeIdOf(context), context.progress.bind(context)),
    );
    return { before };
  }

  async #replace(context: StepContext): Promise<StepOutcome> {
    const tenant = await this.#suspended(context);
    const client = await this.databases.connect(tenant.databaseId);
    try {
      await failingAtOnce(async () => {
        const archive = await this.#open(context, tenant);
        const before = await this.archives.open(tenant, beforeIdOf(context));
        await loadArchive(client, {
          archive,
          tenantId: tenant.id,
          once: { id: context.operationId, over: before.manifest },
          onProgress: context.progress.bind(context),
          beforeCommit: async () => {
            // Ends a holder that lost its lease, and one whose tenant is served again.
            await this.#suspended(context);
            await context.progress({ message: 'compared' });
          },
        });
      });
    } finally {
      await client.end();
    }
    return { replaced: true };
  }

  async #resume(command: Command, context: StepContext): Promise<void> {
    const tenant = await housedTenant(this.tenants, context.tenantId);
    const units = await this.databases.withTenant(tenant, readUnits);
    await replaceUnits(command.tx, tenant.id, units);
    await backupsStore.endRestore(command.tx, context.operationId, 'COMPLETE');
    await this.#unsuspend(command, context);
    await recordStep(command, context, 'tenant.restored', undefined, {
      backup: context.input['backupId'],
      undoWith: beforeIdOf(context),
    });
  }

  async #unsuspend(command: Command, context: StepContext): Promise<void> {
    const tenant = await lockTenant(command.tx, { id: context.tenantId as string });
    if (!context.state['checked'] || context.input['statusBefore'] !== 'ACTIVE') return;
    if (tenant.status !== 'SUSPENDED') return;
    await setStatus(command, tenant.id, 'ACTIVE', null);
    await recordStep(command, context, 'tenant.resumed', { status: 'SUSPENDED' }, { status: 'ACTIVE' });
  }

  async #suspended(context: StepContext): Promise<Tenant & { databaseId: string }> {
    const tenant = await housedTenant(this.tenants, context.tenantId);
    if (tenant.status === 'SUSPENDED') return tenant;
    throw new StepFailed('RESTORE_OVER', 'The tenant is served again: nothing was replaced.', 409);
  }

  #open(context: StepContext, tenant: Tenant): Promise<OpenArchive> {
    return this.archives.open(tenant, String(context.input['backupId']));
  }
}

async function setStatus(
  command: Command,
  id: string,
  status: 'ACTIVE' | 'SUSPENDED',
  suspension: 'READ_ONLY' | null,
): Promise<void> {
  await rowsOf(
    command.tx,
    `update tenant set status = $2, suspension = $3, version = version + 1, updated_at = now() where id = $1`,
    [id, status, suspension],
  );
}

function beforeIdOf(context: StepContext): string {
  return String(context.input['beforeBackupId']);
}
