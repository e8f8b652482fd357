import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { StepFailed, type OperationKind, type StepContext, type StepOutcome } from '#operations';
import type { Tenant } from '../tenant.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import type { ArchiveSummary } from './backup.js';
import { backupsStore } from './backups.store.js';
import { recordStep } from '../record-step.js';
import { failingAtOnce } from './backups.errors.js';
import { TenantArchives } from './tenant-archives.js';

export const BACK_UP_TENANT = 'tenant.back-up';

/** Archives a tenant's rows as of one point in time. Reads only: the tenant is served as ever. */
@Injectable()
export class BackUpTenantOperation implements OperationKind {
  readonly kind = BACK_UP_TENANT;

  readonly steps = [
    {
      name: 'archive',
      title: 'Archive every table',
      perform: (context: StepContext) => this.#archive(context),
      record: (command: Command, context: StepContext) => this.#record(command, context),
    },
  ];

  constructor(
    private readonly tenants: TenantsReadModel,
    private readonly archives: TenantArchives,
  ) {}

  async onStopped(command: Command, context: StepContext): Promise<void> {
    const reason = await backupsStore.stopReason(command.tx, context.operationId);
    await backupsStore.fail(command.tx, backupIdOf(context), reason);
  }

  async onRetried(command: Command, context: StepContext): Promise<void> {
    await backupsStore.run(command.tx, backupIdOf(context));
  }

  async #archive(context: StepContext): Promise<StepOutcome> {
    const tenant = await housedTenant(this.tenants, context.tenantId);
    const onProgress = context.progress.bind(context);
    const summary = await failingAtOnce(() => this.archives.take(tenant, backupIdOf(context), onProgress));
    return { summary };
  }

  async #record(command: Command, context: StepContext): Promise<void> {
    const summary = context.state['summary'] as ArchiveSummary;
    await recordBackup(command, context, backupIdOf(context), summary);
  }
}

/** Marks an archive complete, with its audit event. */
export async function recordBackup(
  command: Command,
  context: StepContext,
  id: string,
  summary: ArchiveSummary,
): Promise<void> {
  await backupsStore.complete(command.tx, id, summary);
  await recordStep(command, context, 'tenant.backed-up', undefined, { backup: id, ...summary });
}

/** @throws StepFailed TENANT_HOMELESS */
export async function housedTenant(
  tenants: TenantsReadModel,
  tenantId: string | undefined,
): Promise<Tenant & { databaseId: string }> {
  const [tenant] = await tenants.byIds([tenantId ?? '']);
  if (!tenant?.databaseId) throw new StepFailed('TENANT_HOMELESS', 'The tenant has no database.', 500);
  return { ...tenant, databaseId: tenant.databaseId };
}

function backupIdOf(context: StepContext): string {
  return String(context.input['backupId']);
}
