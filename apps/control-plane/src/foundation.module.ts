import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Commands } from '#audit';
import { SdkTokensService, TokensService } from '#identity';
import { OperationsReconciler, OperationsService } from '#operations';
import { CONFIGURATION, Database, LOGGER, Notifications, SecretBox } from '#platform';
import type { Foundation } from './foundation.js';

/** Gives the foundation to every domain module by injection. */
@Global()
@Module({})
export class FoundationModule {
  static forRoot(foundation: Foundation): DynamicModule {
    const providers = [
      { provide: CONFIGURATION, useValue: foundation.configuration },
      { provide: LOGGER, useValue: foundation.logger },
      { provide: Database, useValue: foundation.database },
      { provide: Notifications, useValue: foundation.notifications },
      { provide: SecretBox, useValue: foundation.secretBox },
      { provide: Commands, useValue: foundation.commands },
      { provide: TokensService, useValue: foundation.tokens },
      { provide: SdkTokensService, useValue: foundation.sdkTokens },
      { provide: OperationsService, useValue: foundation.operations },
      { provide: OperationsReconciler, useValue: foundation.operationsReconciler },
    ];
    return { module: FoundationModule, providers, exports: providers };
  }
}
