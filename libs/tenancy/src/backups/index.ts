import type { Provider } from '@nestjs/common';
import { join } from 'node:path';
import { CONFIGURATION, type Configuration } from '#platform';
import { ARCHIVE_STORE, LocalArchiveStore } from '../archives/index.js';
import { BackUpTenantOperation } from './back-up-tenant.operation.js';
import { BackupDownloads } from './backup-downloads.js';
import { BackupPolicies } from './backup-policies.js';
import { BackupScheduler } from './backup-scheduler.js';
import { BackupsReadModel } from './backups.read-model.js';
import { BackupsService } from './backups.service.js';
import { RestoreAsNewOperation } from './restore-as-new.operation.js';
import { RESTORE_ASIDE, RestoreAsideOperation } from './restore-aside.operation.js';
import { RESTORE_DRILL, RestoreDrillOperation } from './restore-drill.operation.js';
import { RestoreInPlaceOperation } from './restore-in-place.operation.js';
import { ScratchDatabases } from './scratch-databases.js';
import { TenantArchives } from './tenant-archives.js';

export type { ArchiveSummary } from './backup.js';
export { RESTORE_ASIDE, RESTORE_DRILL };
export {
  BackupDownloads,
  BackupScheduler,
  BackupsReadModel,
  BackupsService,
  ScratchDatabases,
  TenantArchives,
};

/** The kinds of operation of backups. */
export const backupOperations = [
  BackUpTenantOperation,
  RestoreInPlaceOperation,
  RestoreAsNewOperation,
  RestoreAsideOperation,
  RestoreDrillOperation,
];

export const backupProviders: Provider[] = [
  {
    provide: ARCHIVE_STORE,
    inject: [CONFIGURATION],
    useFactory: ({ dataDir }: Configuration) => new LocalArchiveStore(join(dataDir, 'archives')),
  },
  TenantArchives,
  ScratchDatabases,
  BackupPolicies,
  BackupsService,
  BackupsReadModel,
  BackupScheduler,
  BackupDownloads,
  ...backupOperations,
];
