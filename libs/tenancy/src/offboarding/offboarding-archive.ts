import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import type { StepProgress } from '#operations';
import { TenantArchives, type ArchiveSummary } from '../backups/index.js';
import { backupsStore } from '../backups/backups.store.js';
import type { Tenant } from '../tenant.js';

/** What the archive of an offboarding holds; kept in the operation and in the receipt. */
export interface ExportSummary extends ArchiveSummary {
  archive: string;
}

/**
 * The last archive of a tenant. It can be read until its key is destroyed, which the erasure does: what the tenant is to
 * keep must be handed over inside the retention time.
 */
@Injectable()
export class OffboardingArchive {
  constructor(private readonly archives: TenantArchives) {}

  /** Archives the tenant under the id; repeated, it gives the archive that is there. */
  async take(
    tenant: Tenant & { databaseId: string },
    archive: string,
    onProgress: (progress: StepProgress) => Promise<void>,
  ): Promise<ExportSummary> {
    return { archive, ...(await this.archives.take(tenant, archive, onProgress)) };
  }

  /** Makes it known beside the tenant's other backups. */
  async register({ tx, actor }: Command, tenantId: string, summary: ExportSummary): Promise<void> {
    const id = summary.archive;
    await backupsStore.insert(tx, { id, tenantId, reason: 'OFFBOARDING', requestedBy: actor.name });
    await backupsStore.complete(tx, id, summary);
  }
}
