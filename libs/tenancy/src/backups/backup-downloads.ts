import { Injectable } from '@nestjs/common';
import { Commands, type Actor } from '#audit';
import { Database, NotFoundError } from '#platform';
import { exportEncrypted, exportPlain, type ExportedArchive } from '../archives/export-archive.js';
import { verifyArchive } from '../archives/index.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import { BackupNotUsableError } from './backups.errors.js';
import { backupsStore } from './backups.store.js';
import { TenantArchives } from './tenant-archives.js';

/** Archives as files to take away, encrypted as they are or in clear for the tenant itself. */
@Injectable()
export class BackupDownloads {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly tenants: TenantsReadModel,
    private readonly archives: TenantArchives,
  ) {}

  /**
   * Opens a whole and authentic archive, with an audit event of who takes it.
   * @throws NotFoundError BACKUP_NOT_FOUND, BackupNotUsableError, ArchiveRefusedError, TenantKeyShreddedError
   */
  async open(actor: Actor, id: string, plain: boolean): Promise<ExportedArchive> {
    const backup = await backupsStore.find(this.database.source.manager, id);
    if (!backup) throw new NotFoundError('backup', id);
    if (backup.status !== 'COMPLETE') throw new BackupNotUsableError(id, backup.status);
    const [tenant] = await this.tenants.byIds([backup.tenantId]);
    if (!tenant) throw new NotFoundError('tenant', backup.tenantId);
    const archive = await this.archives.open(tenant, id);
    await verifyArchive(archive);
    await this.commands.run(actor, { input: { id, plain } }, (command) =>
      command.record({
        area: 'tenancy',
        action: 'tenant.exported',
        subject: `tenant/${tenant.slug}`,
        tenantId: tenant.id,
        after: { backup: id, plain },
      }),
    );
    return plain ? exportPlain(archive) : exportEncrypted(archive);
  }
}
