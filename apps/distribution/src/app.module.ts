import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { EdiIntake, OrdersService, Shadow, UnleashDecider } from '#distribution';
import { LOGGER, type Logger } from '#platform';
import { TierdeckRuntime } from '#runtime';
import { CatalogueController } from './http/catalogue.controller.js';
import { EdiController } from './http/edi.controller.js';
import { HealthController } from './http/health.controller.js';
import { HttpErrorsFilter } from './http/http-errors.filter.js';
import { InventoryController } from './http/inventory.controller.js';
import { OrdersController } from './http/orders.controller.js';
import { QuotesController } from './http/quotes.controller.js';

/** What must have started before the routes can serve. */
export interface DistributionParts {
  runtime: TierdeckRuntime;
  flags: UnleashDecider;
  shadow: Shadow;
  logger: Logger;
}

/** Routes only translate between HTTP and `libs/distribution`. */
@Module({})
export class AppModule {
  static forRoot({ runtime, flags, shadow, logger }: DistributionParts): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        OrdersController,
        QuotesController,
        InventoryController,
        CatalogueController,
        EdiController,
        HealthController,
      ],
      providers: [
        { provide: TierdeckRuntime, useValue: runtime },
        { provide: UnleashDecider, useValue: flags },
        { provide: OrdersService, useValue: new OrdersService(runtime, flags, shadow) },
        { provide: Shadow, useValue: shadow },
        { provide: EdiIntake, useValue: new EdiIntake(runtime, flags) },
        { provide: LOGGER, useValue: logger },
        { provide: APP_FILTER, useClass: HttpErrorsFilter },
      ],
    };
  }
}
