import { Module, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { OperationsModule, OperationsService, type OperationKind } from '#operations';
import {
  backupOperations,
  backupProviders,
  BackupDownloads,
  BackupScheduler,
  BackupsReadModel,
  BackupsService,
  TenantArchives,
} from './backups/index.js';
import { DatabaseClusters } from './databases/database-clusters.js';
import { DatabaseProvisioner } from './databases/database-provisioner.js';
import { NewTenantDatabase } from './databases/new-tenant-database.js';
import { PreparedDatabases } from './databases/prepared-databases.js';
import { TenantDatabases } from './databases/tenant-databases.js';
import { TenantRowCounts } from './databases/tenant-row-counts.js';
import { TenantSchema } from './databases/tenant-schema.js';
import { DeadLettersService } from './dead-letters.service.js';
import { FleetService } from './fleet/fleet.service.js';
import { FleetStore } from './fleet/fleet.store.js';
import { MigrateFleetOperation } from './fleet/migrate-fleet.operation.js';
import { FleetResolver, FleetDatabaseResolver } from './graphql/fleet.resolver.js';
import { BackupCommandsResolver, TenantBackupsResolver } from './graphql/backups.resolver.js';
import { ManifestsResolver } from './graphql/manifests.resolver.js';
import { MovesResolver } from './graphql/moves.resolver.js';
import { TenantCommandsResolver } from './graphql/tenant-commands.resolver.js';
import {
  DatabasePlacementResolver,
  OperationTenantResolver,
  RuntimeInstanceTenantResolver,
  TenantFieldsResolver,
} from './graphql/tenant-fields.resolver.js';
import { LifecycleFieldsResolver } from './graphql/lifecycle-fields.resolver.js';
import { OffboardingPlanResolver } from './graphql/offboarding-plan.resolver.js';
import { TenantsResolver } from './graphql/tenants.resolver.js';
import { TenantKeys } from './keys/index.js';
import { LifecycleService } from './lifecycle/lifecycle.service.js';
import { ManifestsService } from './manifests/manifests.service.js';
import { TenantManifestParts } from './manifests/tenant-manifest-parts.js';
import { TenantManifests } from './manifests/tenant.manifest.js';
import { AbortMoveOperation } from './moves/abort-move.operation.js';
import { FinishMoveOperation } from './moves/finish-move.operation.js';
import { MoveCleaner } from './moves/move-cleaner.js';
import { MoveComparison } from './moves/move-comparison.js';
import { MoveCopying } from './moves/move-copying.js';
import { MovePreparation } from './moves/move-preparation.js';
import { MoveStreams } from './moves/move-streams.js';
import { MoveTenantOperation } from './moves/move-tenant.operation.js';
import { MoveWorkplace } from './moves/move-workplace.js';
import { MovesService } from './moves/moves.service.js';
import { UndoMoveOperation } from './moves/undo-move.operation.js';
import { UndoWindow } from './moves/undo-window.js';
import { ErasureProof } from './offboarding/erasure-proof.js';
import { OffboardTenantOperation } from './offboarding/offboard-tenant.operation.js';
import { OffboardingArchive } from './offboarding/offboarding-archive.js';
import { OffboardingPlanner } from './offboarding/offboarding-plan.js';
import { OnboardTenantOperation } from './onboarding/onboard-tenant.operation.js';
import { TenantWishes } from './onboarding/tenant-wishes.js';
import { ChangeWorkersOperation } from './placement/change-workers.operation.js';
import { ClustersResolver } from './graphql/clusters.resolver.js';
import { ClustersService } from './placement/clusters.service.js';
import { ClustersReadModel } from './placement/clusters.read-model.js';
import { PlacementPlanner } from './placement/placement-planner.js';
import { RuntimeInstances } from './placement/worker-instances.js';
import { TenantTokensService } from './tenant-tokens.service.js';
import { TenantsList } from './tenants.list.js';
import { TenantsReadModel } from './tenants.read-model.js';
import { TenantsService } from './tenants.service.js';
import { WorkerAssignments } from './workers/worker-assignments.js';
import { WorkerPools } from './workers/worker-pools.js';
import { WorkerPoolsResolver } from './workers/worker-pools.resolver.js';
import { WorkerProcesses } from './workers/worker-processes.js';
import { WorkerProcessesResolver } from './workers/worker-processes.resolver.js';
import { WorkerPoolsService } from './workers/worker-pools.service.js';

@Module({
  imports: [OperationsModule],
  providers: [
    TenantsReadModel,
    TenantsList,
    TenantsService,
    TenantTokensService,
    DeadLettersService,
    RuntimeInstances,
    WorkerAssignments,
    WorkerPools,
    WorkerProcesses,
    WorkerProcessesResolver,
    WorkerPoolsService,
    WorkerPoolsResolver,
    DatabaseClusters,
    DatabaseProvisioner,
    TenantSchema,
    PreparedDatabases,
    TenantDatabases,
    NewTenantDatabase,
    FleetStore,
    FleetService,
    MigrateFleetOperation,
    FleetResolver,
    FleetDatabaseResolver,
    TenantRowCounts,
    TenantKeys,
    ...backupProviders,
    TenantBackupsResolver,
    BackupCommandsResolver,
    ManifestsService,
    TenantManifestParts,
    TenantManifests,
    TenantWishes,
    OnboardTenantOperation,
    LifecycleService,
    ErasureProof,
    OffboardingArchive,
    OffboardTenantOperation,
    OffboardingPlanner,
    OffboardingPlanResolver,
    ChangeWorkersOperation,
    ClustersReadModel,
    PlacementPlanner,
    ClustersService,
    ClustersResolver,
    MovesResolver,
    MovesService,
    MoveWorkplace,
    MoveStreams,
    MovePreparation,
    MoveCopying,
    MoveComparison,
    MoveCleaner,
    UndoWindow,
    MoveTenantOperation,
    AbortMoveOperation,
    UndoMoveOperation,
    FinishMoveOperation,
    TenantsResolver,
    TenantFieldsResolver,
    LifecycleFieldsResolver,
    TenantCommandsResolver,
    DatabasePlacementResolver,
    OperationTenantResolver,
    RuntimeInstanceTenantResolver,
    ManifestsResolver,
  ],
  exports: [
    TenantsReadModel,
    TenantKeys,
    TenantArchives,
    BackupDownloads,
    BackupsService,
    BackupsReadModel,
    BackupScheduler,
    TenantsService,
    LifecycleService,
    TenantDatabases,
    PreparedDatabases,
    FleetService,
    RuntimeInstances,
    WorkerProcesses,
    ManifestsService,
    TenantManifestParts,
  ],
})
export class TenancyModule implements OnModuleInit {
  constructor(
    private readonly modules: ModuleRef,
    private readonly operations: OperationsService,
    private readonly manifests: ManifestsService,
    private readonly tenants: TenantManifests,
    private readonly onboarding: OnboardTenantOperation,
    private readonly offboarding: OffboardTenantOperation,
    private readonly workers: ChangeWorkersOperation,
    private readonly fleet: MigrateFleetOperation,
    private readonly moving: MoveTenantOperation,
    private readonly aborting: AbortMoveOperation,
    private readonly undoing: UndoMoveOperation,
    private readonly finishing: FinishMoveOperation,
  ) {}

  onModuleInit(): void {
    const kinds = [this.onboarding, this.offboarding, this.workers, this.fleet];
    const moves = [this.moving, this.aborting, this.undoing, this.finishing];
    for (const kind of [...kinds, ...moves]) this.operations.register(kind);
    for (const kind of backupOperations) this.operations.register(this.modules.get<OperationKind>(kind));
    this.manifests.register(this.tenants);
  }
}
