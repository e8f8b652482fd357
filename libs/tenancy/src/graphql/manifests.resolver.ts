import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Commands } from '#audit';
import { CurrentPrincipal, Requires, type Principal } from '#identity';
import { OperationsReadModel, type OperationView } from '#operations';
import { ManifestsService, type ManifestChange } from '../manifests/manifests.service.js';
import { ApplyManifestsInput, ApplyManifestsPayload, ManifestPlanType } from './manifest.type.js';

@Resolver()
export class ManifestsResolver {
  constructor(
    private readonly manifests: ManifestsService,
    private readonly commands: Commands,
    private readonly operations: OperationsReadModel,
  ) {}

  @Query(() => ManifestPlanType, { description: 'What applyManifests would change.' })
  @Requires('read')
  async manifestDiff(@Args('input') input: ApplyManifestsInput): Promise<{ changes: ManifestChange[] }> {
    return { changes: await this.manifests.diff(input.manifests) };
  }

  @Mutation(() => ApplyManifestsPayload, { description: 'All of the manifests or, if one is invalid, none.' })
  @Requires('tenants:write')
  async applyManifests(
    @Args('input') input: ApplyManifestsInput,
    @CurrentPrincipal() { actor, role }: Principal,
  ): Promise<ApplyManifestsPayload> {
    const { clientMutationId } = input;
    const { changes, operationIds } = await this.commands.run(actor, { clientMutationId, input }, (command) =>
      this.manifests.apply(command, input.manifests, role),
    );
    const operations = await Promise.all(operationIds.map((id) => this.operations.byId(id)));
    return { changes, operations: operations.filter((one): one is OperationView => one !== undefined) };
  }
}
