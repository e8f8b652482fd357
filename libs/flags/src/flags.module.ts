import { Module } from '@nestjs/common';
import { TenancyModule } from '#tenancy';
import { FlagFeed } from './delivery/flag-feed.js';
import { FlagMetrics } from './delivery/flag-metrics.js';
import { SdkAccess } from './delivery/sdk-access.js';
import { SdkTokenCache } from './delivery/sdk-token-cache.js';
import { TenantIdentities } from './delivery/tenant-identities.js';
import { FlagsReadModel } from './flags.read-model.js';
import { FlagsService } from './flags.service.js';

@Module({
  imports: [TenancyModule],
  providers: [
    FlagsService,
    FlagsReadModel,
    FlagFeed,
    FlagMetrics,
    SdkAccess,
    SdkTokenCache,
    TenantIdentities,
  ],
  exports: [FlagsService, FlagsReadModel, FlagFeed, FlagMetrics, SdkAccess],
})
export class FlagsModule {}
