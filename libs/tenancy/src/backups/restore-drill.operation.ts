import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import type { OperationKind, StepContext, StepOutcome } from '#operations';
import { loadArchive } from '../archives/index.js';
import { recordStep } from '../record-step.js';
import { failingAtOnce } from './backups.errors.js';
import { backupsStore } from './backups.store.js';
import { ScratchDatabases, scratchName } from './scratch-databases.js';
import { TenantArchives } from './tenant-archives.js';

export const RESTORE_DRILL = 'tenant.restore-drill';

interface DrillResult {
  recoveryMs: number;
  dataAgeMs: number;
  tables: number;
  rows: number;
  bytes: number;
}

/** Restores an archive where it disturbs nobody, compares every table by checksum, and writes the evidence down. */
@Injectable()
export class RestoreDrillOperation implements OperationKind {
  readonly kind = RESTORE_DRILL;
  readonly maxAttempts = 3;

  readonly steps = [
    {
      name: 'restore',
      title: 'Restore into a scratch database and compare',
      perform: (context: StepContext) => this.#restore(context),
      record: (command: Command, context: StepContext) => this.#record(command, context),
    },
  ];

  constructor(
    private readonly archives: TenantArchives,
    private readonly scratch: ScratchDatabases,
  ) {}

  async onStopped(command: Command, context: StepContext): Promise<void> {
    const error = await backupsStore.stopReason(command.tx, context.operationId);
    await backupsStore.endDrill(command.tx, context.operationId, { status: 'FAILED', error });
    await recordStep(command, context, 'restore-drill.failed', undefined, { error });
  }

  async onRetried(command: Command, context: StepContext): Promise<void> {
    await backupsStore.endDrill(command.tx, context.operationId, { status: 'RUNNING' });
  }

  async #restore(context: StepContext): Promise<StepOutcome> {
    const { backupId, slug, cluster } = context.input as Record<string, string>;
    const tenantId = context.tenantId as string;
    const name = scratchName('drill', context.operationId);
    const began = performance.now();
    const beganAt = Date.now();
    return failingAtOnce(async () => {
      const archive = await this.archives.open({ id: tenantId, slug: String(slug) }, String(backupId));
      const { manifest } = archive;
      try {
        await this.scratch.create(String(cluster), name, manifest);
        const client = await this.scratch.connect(String(cluster), name);
        try {
          await loadArchive(client, { archive, tenantId, onProgress: context.progress.bind(context) });
        } finally {
          await client.end();
        }
        const sum = (of: 'rows' | 'bytes'): number =>
          manifest.tables.reduce((sum, table) => sum + table[of], 0);
        const result: DrillResult = {
          recoveryMs: Math.round(performance.now() - began),
          dataAgeMs: Math.max(0, beganAt - Date.parse(manifest.snapshotAt)),
          tables: manifest.tables.length,
          rows: sum('rows'),
          bytes: sum('bytes'),
        };
        return { result };
      } finally {
        await this.scratch.drop(String(cluster), name);
      }
    });
  }

  async #record(command: Command, context: StepContext): Promise<void> {
    const result = context.state['result'] as DrillResult;
    await backupsStore.endDrill(command.tx, context.operationId, { status: 'PASSED', ...result });
    await recordStep(command, context, 'restore-drill.passed', undefined, result);
  }
}
