import { Module } from '@nestjs/common';
import { TenancyModule } from '#tenancy';
import { changeRequestProviders } from './change-requests/providers.js';
import { FlagFeed } from './delivery/flag-feed.js';
import { FlagMetrics } from './delivery/flag-metrics.js';
import { SdkAccess } from './delivery/sdk-access.js';
import { SdkTokenCache } from './delivery/sdk-token-cache.js';
import { TenantIdentities } from './delivery/tenant-identities.js';
import { EnvironmentClones } from './environment-clones.js';
import { manifestProviders } from './manifests/providers.js';
import { FlagMatrix } from './matrix/flag-matrix.js';
import { MatrixColumns } from './matrix/matrix-columns.js';
import { FlagModelResolver } from './graphql/flag-model.resolver.js';
import { ProjectsService } from './projects.service.js';
import { SegmentsService } from './segments.service.js';
import { UnleashImportService } from './unleash-files/unleash-import.service.js';
import { FlagQuestions } from './flag-questions.js';
import { FlagSubjects } from './flag-subjects.js';
import { FlagReferencesReadModel } from './flag-references.read-model.js';
import { FlagListReadModel } from './flag-list.read-model.js';
import { FlagsReadModel } from './flags.read-model.js';
import { FlagsService } from './flags.service.js';
import { FlagChangesResolver } from './graphql/flag-changes.resolver.js';
import { FlagPropagationResolver } from './graphql/flag-propagation.resolver.js';
import { FlagMatrixResolver } from './graphql/flag-matrix.resolver.js';
import { FlagQuestionsResolver } from './graphql/flag-questions.resolver.js';
import { FlagListResolver } from './graphql/flag-list.resolver.js';
import {
  FlagDependentsResolver,
  FlagReferencesResolver,
  ProjectReferencesResolver,
} from './graphql/flag-references.resolver.js';
import { FlagEnvironmentResolver, FlagsResolver } from './graphql/flags.resolver.js';
import { FlagStrategiesResolver } from './graphql/flag-strategies.resolver.js';
import { SdkTokensResolver } from './graphql/sdk-tokens.resolver.js';
import { InstanceReceipts } from './receipts/instance-receipts.js';
import { PropagationReadModel } from './receipts/propagation.read-model.js';
import { ShadowReadModel } from './shadow/shadow.read-model.js';
import { ShadowResolver } from './shadow/shadow.resolver.js';
import { ShadowStore } from './shadow/shadow.store.js';
import { simulationProviders } from './simulation/providers.js';
import { LintResolver } from './lint/lint.resolver.js';
import { Playground } from './playground/playground.js';
import { PlaygroundResolver } from './playground/playground.resolver.js';
import { staleProviders } from './stale/providers.js';

const delivery = [
  FlagFeed,
  FlagMetrics,
  InstanceReceipts,
  PropagationReadModel,
  SdkAccess,
  SdkTokenCache,
  TenantIdentities,
];
const resolvers = [
  FlagsResolver,
  FlagListResolver,
  FlagReferencesResolver,
  FlagDependentsResolver,
  ProjectReferencesResolver,
  FlagEnvironmentResolver,
  FlagStrategiesResolver,
  FlagQuestionsResolver,
  FlagMatrixResolver,
  FlagChangesResolver,
  SdkTokensResolver,
  FlagPropagationResolver,
];

const shadow = [ShadowStore, ShadowReadModel, ShadowResolver];

@Module({
  imports: [TenancyModule],
  providers: [
    FlagsService,
    FlagsReadModel,
    FlagListReadModel,
    FlagReferencesReadModel,
    FlagQuestions,
    FlagSubjects,
    FlagMatrix,
    MatrixColumns,
    ...manifestProviders,
    EnvironmentClones,
    ProjectsService,
    SegmentsService,
    UnleashImportService,
    FlagModelResolver,
    ...delivery,
    ...changeRequestProviders,
    ...shadow,
    ...simulationProviders,
    LintResolver,
    Playground,
    PlaygroundResolver,
    ...staleProviders,
    ...resolvers,
  ],
  exports: [FlagsService, FlagsReadModel, FlagFeed, FlagMetrics, InstanceReceipts, SdkAccess, ShadowStore],
})
export class FlagsModule {}
