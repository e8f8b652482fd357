import { Module } from '@nestjs/common';
import { FlagsModule } from '#flags';
import { IdentityModule } from '#identity';
import { QuotasModule } from '#quotas';
import { ReleasesModule } from '#releases';
import { TenancyModule } from '#tenancy';
import { ProcessReports } from './process-reports.js';
import { RuntimeAccess } from './runtime-access.js';
import { RuntimeApi } from './runtime-api.js';
import { RuntimeFeed } from './runtime-feed.js';
import { RuntimeReports } from './runtime-reports.js';

/** What data-plane instances call: `/runtime/snapshot`, `/runtime/stream`, `/runtime/report`, `/runtime/processes`. */
@Module({
  imports: [IdentityModule, TenancyModule, FlagsModule, QuotasModule, ReleasesModule],
  providers: [RuntimeAccess, RuntimeFeed, RuntimeReports, ProcessReports, RuntimeApi],
})
export class RuntimeApiModule {}
