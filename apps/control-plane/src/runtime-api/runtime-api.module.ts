import { Module } from '@nestjs/common';
import { FlagsModule } from '#flags';
import { QuotasModule } from '#quotas';
import { ReleasesModule } from '#releases';
import { TenancyModule } from '#tenancy';
import { RuntimeAccess } from './runtime-access.js';
import { RuntimeApi } from './runtime-api.js';
import { RuntimeFeed } from './runtime-feed.js';
import { RuntimeReports } from './runtime-reports.js';

/** What data-plane instances call: `/runtime/snapshot`, `/runtime/stream`, `/runtime/report`. */
@Module({
  imports: [TenancyModule, FlagsModule, QuotasModule, ReleasesModule],
  providers: [RuntimeAccess, RuntimeFeed, RuntimeReports, RuntimeApi],
})
export class RuntimeApiModule {}
