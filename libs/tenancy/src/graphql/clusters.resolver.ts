import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Commands, type Actor, type Command } from '#audit';
import { CurrentActor, Requires } from '#identity';
import type { Cluster } from '../placement/cluster.js';
import { ClustersReadModel } from '../placement/clusters.read-model.js';
import { ClustersService } from '../placement/clusters.service.js';
import { ClusterType, RegisterClusterInput, RetireClusterInput, UpdateClusterInput } from './cluster.type.js';

/** The servers on which tenants are placed. */
@Resolver(() => ClusterType)
export class ClustersResolver {
  constructor(
    private readonly clusters: ClustersReadModel,
    private readonly service: ClustersService,
    private readonly commands: Commands,
  ) {}

  @Query(() => [ClusterType])
  @Requires('read')
  databaseClusters(): Promise<Cluster[]> {
    return this.clusters.all();
  }

  @Mutation(() => ClusterType, {
    description: 'Looks at the server, writes it down and makes its pooled database.',
  })
  @Requires('tenants:write')
  async registerDatabaseCluster(
    @Args('input') input: RegisterClusterInput,
    @CurrentActor() actor: Actor,
  ): Promise<Cluster> {
    await this.service.check(input);
    await this.#run(actor, input, (command) => this.service.register(command, input));
    await this.service.open(input.name);
    await this.commands.run(actor, { input }, (command) => this.service.opened(command, input.name));
    return this.clusters.byName(input.name);
  }

  @Mutation(() => ClusterType, {
    description:
      'Changes rate card and room. What is absent stays as it is; null takes a bound or a price away.',
  })
  @Requires('tenants:write')
  async updateDatabaseCluster(
    @Args('input') input: UpdateClusterInput,
    @CurrentActor() actor: Actor,
  ): Promise<Cluster> {
    await this.#run(actor, input, (command) => this.service.update(command, input.name, input));
    return this.clusters.byName(input.name);
  }

  @Mutation(() => ClusterType, { description: 'Takes no tenant any more; those that are there stay.' })
  @Requires('tenants:write')
  async retireDatabaseCluster(
    @Args('input') input: RetireClusterInput,
    @CurrentActor() actor: Actor,
  ): Promise<Cluster> {
    await this.#run(actor, input, (command) => this.service.retire(command, input.name));
    return this.clusters.byName(input.name);
  }

  #run(
    actor: Actor,
    input: { clientMutationId?: string | null },
    work: (command: Command) => Promise<void>,
  ): Promise<void> {
    return this.commands.run(actor, { clientMutationId: input.clientMutationId, input }, work);
  }
}
