import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { EnvironmentsModule } from '#environments';
import { FlagsModule } from '#flags';
import { IdentityModule, PermissionGuard } from '#identity';
import { OperationsModule } from '#operations';
import { QuotasModule } from '#quotas';
import { ReleasesModule } from '#releases';
import { TenancyModule } from '#tenancy';
import type { Foundation } from './foundation.js';
import { FoundationModule } from './foundation.module.js';
import { graphqlModule, scalarProviders } from './graphql/graphql.module.js';
import { SubscriptionLimits } from './graphql/subscription-limits.js';
import { BackupsController } from './http/backups.controller.js';
import { HealthController } from './http/health.controller.js';
import { HttpErrorsFilter } from './http/http-errors.filter.js';
import { OperatorAccessModule } from './http/operator-access.module.js';
import { RuntimeApiModule } from './runtime-api/runtime-api.module.js';

/** The control plane: every domain, one GraphQL endpoint, one guard that denies by default. */
@Module({})
export class AppModule {
  static forRoot(foundation: Foundation): DynamicModule {
    return {
      module: AppModule,
      imports: [
        FoundationModule.forRoot(foundation),
        graphqlModule(),
        IdentityModule,
        OperatorAccessModule,
        OperationsModule,
        TenancyModule,
        FlagsModule,
        QuotasModule,
        EnvironmentsModule,
        ReleasesModule,
        RuntimeApiModule,
      ],
      controllers: [BackupsController, HealthController],
      providers: [
        ...scalarProviders,
        { provide: APP_GUARD, useClass: PermissionGuard },
        { provide: APP_INTERCEPTOR, useClass: SubscriptionLimits },
        { provide: APP_FILTER, useClass: HttpErrorsFilter },
      ],
    };
  }
}
