export * from './tenant.js';
export * from './tenancy.errors.js';
export * from './tenancy.module.js';
export { TenantsReadModel } from './tenants.read-model.js';
export * from './tenants.service.js';
export * from './databases/tenant-databases.js';
export { PreparedDatabases } from './databases/prepared-databases.js';
export * from './databases/tenant-migrations.js';
export * from './fleet/fleet.service.js';
export * from './lifecycle/lifecycle.service.js';
export { clusterOfUrl, type ClusterLogin } from './databases/database-clusters.js';
export * from './archives/index.js';
export {
  BackupDownloads,
  BackupScheduler,
  BackupsReadModel,
  BackupsService,
  TenantArchives,
  type ArchiveSummary,
} from './backups/index.js';
export * from './keys/index.js';
export * from './manifests/manifest-handler.js';
export * from './manifests/manifests.service.js';
export * from './manifests/tenant-manifest-parts.js';
export type { ManifestFile } from './manifests/manifest-files.js';
export { HEARTBEAT_SECONDS, RuntimeInstances, type RuntimeInstance } from './placement/worker-instances.js';
export { WorkerProcesses } from './workers/worker-processes.js';
export { IsolationTierEnum, TenantType, UnitType, UnitKindEnum } from './graphql/tenant.type.js';
