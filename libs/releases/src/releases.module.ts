import { join } from 'node:path';
import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Commands } from '#audit';
import { FlagsModule } from '#flags';
import { CONFIGURATION, Database, LOGGER, Notifications, type Configuration, type Logger } from '#platform';
import { TenancyModule, TenantDatabases } from '#tenancy';
import { KpiStore } from './kpi.store.js';
import { ReleaseFlags } from './release-flags.js';
import { ReleaseMigrations } from './release-migrations.js';
import { ReleasesReadModel } from './releases.read-model.js';
import { ReleasesReconciler } from './releases.reconciler.js';
import { ReleasesResolver } from './releases.resolver.js';
import { ReleasesService } from './releases.service.js';
import { TenantMigrator } from './tenant-migrator.js';
import { WaveResolver, WaveTenantResolver } from './wave.resolver.js';

@Module({
  imports: [TenancyModule, FlagsModule],
  providers: [
    KpiStore,
    ReleaseFlags,
    ReleasesReadModel,
    ReleasesResolver,
    ReleasesService,
    WaveResolver,
    WaveTenantResolver,
    {
      provide: ReleaseMigrations,
      useFactory: () => new ReleaseMigrations(join(process.cwd(), 'migrations/tenant/releases')),
    },
    {
      provide: TenantMigrator,
      inject: [TenantDatabases],
      useFactory: (databases: TenantDatabases) => new TenantMigrator(databases),
    },
    {
      provide: ReleasesReconciler,
      inject: [Database, Commands, ReleaseFlags, ReleaseMigrations, TenantMigrator, KpiStore, LOGGER],
      useFactory: (
        database: Database,
        commands: Commands,
        flags: ReleaseFlags,
        migrations: ReleaseMigrations,
        migrator: TenantMigrator,
        kpiStore: KpiStore,
        logger: Logger,
      ) => new ReleasesReconciler({ database, commands, flags, migrations, migrator, kpiStore, logger }),
    },
  ],
  exports: [KpiStore, ReleasesService, ReleasesReadModel],
})
export class ReleasesModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly reconciler: ReleasesReconciler,
    private readonly notifications: Notifications,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.configuration.roles.has('reconciler')) await this.reconciler.start(this.notifications);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.reconciler.stop();
  }
}
