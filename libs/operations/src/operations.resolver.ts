import {
  Args,
  Context,
  ID,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { Commands, type Actor } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { NotFoundError, Notifications, requestLoader, subscribeTo } from '#platform';
import { OperationIdInput, OperationPayload, OperationStepType, OperationType } from './operation.type.js';
import { OperationsReadModel, type OperationView, type StepView } from './operations.read-model.js';
import { OPERATION_CHANNEL, OperationsService } from './operations.service.js';

@Resolver(() => OperationType)
export class OperationsResolver {
  readonly #steps = requestLoader((ids: readonly string[]) => this.readModel.steps(ids));

  constructor(
    private readonly readModel: OperationsReadModel,
    private readonly service: OperationsService,
    private readonly commands: Commands,
    private readonly notifications: Notifications,
  ) {}

  @Query(() => OperationType, { nullable: true })
  @Requires('read')
  async operation(@Args('id', { type: () => ID }) id: string): Promise<OperationView | null> {
    return (await this.readModel.byId(id)) ?? null;
  }

  @Mutation(() => OperationPayload)
  @Requires('operations:write')
  async retryOperation(
    @Args('input') input: OperationIdInput,
    @CurrentActor() actor: Actor,
  ): Promise<OperationPayload> {
    await this.commands.run(actor, { clientMutationId: input.clientMutationId, input }, (command) =>
      this.service.retry(command, input.id),
    );
    return this.#payload(input.id);
  }

  @Mutation(() => OperationPayload)
  @Requires('operations:write')
  async cancelOperation(
    @Args('input') input: OperationIdInput,
    @CurrentActor() actor: Actor,
  ): Promise<OperationPayload> {
    await this.commands.run(actor, { clientMutationId: input.clientMutationId, input }, (command) =>
      this.service.cancel(command, input.id),
    );
    return this.#payload(input.id);
  }

  @Subscription(() => OperationType, {
    description: 'The operation as it is, then again whenever it goes on.',
    resolve: (operation: OperationView) => operation,
  })
  @Requires('read')
  operationProgress(@Args('id', { type: () => ID }) id: string): AsyncIterableIterator<OperationView> {
    return subscribeTo(
      this.notifications,
      OPERATION_CHANNEL,
      async (payload) => (payload === undefined || payload === id ? this.readModel.byId(id) : undefined),
      { initial: true },
    );
  }

  @ResolveField('steps', () => [OperationStepType])
  steps(@Parent() operation: OperationView, @Context() context: object): Promise<StepView[]> {
    return this.#steps(context).load(operation.id);
  }

  async #payload(id: string): Promise<OperationPayload> {
    const operation = await this.readModel.byId(id);
    if (!operation) throw new NotFoundError('operation', id);
    return { operation };
  }
}
