import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import type { OperationKind, StepContext } from '#operations';
import { loadArchive } from '../archives/index.js';
import { recordStep } from '../record-step.js';
import { failingAtOnce } from './backups.errors.js';
import { backupsStore } from './backups.store.js';
import { ScratchDatabases } from './scratch-databases.js';
import { TenantArchives } from './tenant-archives.js';

export const RESTORE_ASIDE = 'tenant.restore-aside';

/** Restores an archive into a database beside the tenant's, to look at; it is dropped when its time is over. */
@Injectable()
export class RestoreAsideOperation implements OperationKind {
  readonly kind = RESTORE_ASIDE;

  readonly steps = [
    {
      name: 'restore',
      title: 'Restore into a database beside it and compare',
      perform: (context: StepContext) => this.#restore(context),
      record: (command: Command, context: StepContext) => this.#record(command, context),
    },
  ];

  constructor(
    private readonly archives: TenantArchives,
    private readonly scratch: ScratchDatabases,
  ) {}

  async onStopped(command: Command, context: StepContext): Promise<void> {
    const reason = await backupsStore.stopReason(command.tx, context.operationId);
    await backupsStore.endRestore(command.tx, context.operationId, 'FAILED', reason);
  }

  async onRetried(command: Command, context: StepContext): Promise<void> {
    await backupsStore.endRestore(command.tx, context.operationId, 'RUNNING');
  }

  async #restore(context: StepContext): Promise<void> {
    const { backupId, slug, cluster, database } = context.input as Record<string, string>;
    const tenantId = context.tenantId as string;
    await failingAtOnce(async () => {
      const archive = await this.archives.open({ id: tenantId, slug: String(slug) }, String(backupId));
      await this.scratch.create(String(cluster), String(database), archive.manifest);
      const client = await this.scratch.connect(String(cluster), String(database));
      try {
        await loadArchive(client, { archive, tenantId, onProgress: context.progress.bind(context) });
      } finally {
        await client.end();
      }
    });
  }

  async #record(command: Command, context: StepContext): Promise<void> {
    await backupsStore.endRestore(command.tx, context.operationId, 'COMPLETE');
    const { backupId, cluster, database } = context.input;
    await recordStep(command, context, 'tenant.restored-aside', undefined, {
      backup: backupId,
      cluster,
      database,
    });
  }
}
