import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Commands, type Actor } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { NotFoundError } from '#platform';
import { WorkerPools } from './worker-pools.js';
import { WorkerPoolsService } from './worker-pools.service.js';
import {
  RegisterWorkerPoolInput,
  RetireWorkerPoolInput,
  WorkerPoolPayload,
  WorkerPoolType,
} from './worker-pool.type.js';

/** Places where workers of single tenants run. */
@Resolver()
export class WorkerPoolsResolver {
  constructor(
    private readonly commands: Commands,
    private readonly pools: WorkerPools,
    private readonly service: WorkerPoolsService,
  ) {}

  @Query(() => [WorkerPoolType])
  @Requires('read')
  async workerPools(): Promise<WorkerPoolType[]> {
    return this.pools.all();
  }

  @Mutation(() => WorkerPoolPayload, { description: 'A Kubernetes namespace for workers of single tenants.' })
  @Requires('tenants:write')
  async registerWorkerPool(
    @Args('input') input: RegisterWorkerPoolInput,
    @CurrentActor() actor: Actor,
  ): Promise<WorkerPoolPayload> {
    const { clientMutationId, token, ...rest } = input;
    await this.commands.run(actor, { clientMutationId, input: rest }, (command) =>
      this.service.register(command, { ...rest, token }),
    );
    return this.#payload(input.name);
  }

  @Mutation(() => WorkerPoolPayload, { description: 'It takes no further tenants; those it has stay.' })
  @Requires('tenants:write')
  async retireWorkerPool(
    @Args('input') input: RetireWorkerPoolInput,
    @CurrentActor() actor: Actor,
  ): Promise<WorkerPoolPayload> {
    const { clientMutationId, name } = input;
    await this.commands.run(actor, { clientMutationId, input: { name } }, (command) =>
      this.service.retire(command, name),
    );
    return this.#payload(name);
  }

  async #payload(name: string): Promise<WorkerPoolPayload> {
    const workerPool = (await this.pools.all()).find((pool) => pool.name === name);
    if (!workerPool) throw new NotFoundError('worker pool', name.slice(0, 63));
    return { workerPool };
  }
}
