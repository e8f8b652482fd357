import { Args, ArgsType, Field, Int, Query, Resolver, Subscription } from '@nestjs/graphql';
import { Requires } from '#identity';
import { Notifications, subscribeTo } from '#platform';
import { FlagsReadModel } from '../flags.read-model.js';
import { RECEIPTS_CHANNEL } from '../receipts/instance-receipts.js';
import { PropagationReadModel, type Propagation } from '../receipts/propagation.read-model.js';
import { FlagPropagationType } from './flag-propagation.type.js';

@ArgsType()
class FlagPropagationArgs {
  @Field(() => String)
  environment!: string;
  @Field(() => String, { nullable: true, description: 'The last change of this flag.' })
  flag?: string | null;
  @Field(() => Int, {
    nullable: true,
    description: 'As a mutation told it; absent: the last change there is.',
  })
  revision?: number | null;
}

/** Who has a change, and who lags. */
@Resolver()
export class FlagPropagationResolver {
  constructor(
    private readonly propagation: PropagationReadModel,
    private readonly flags: FlagsReadModel,
    private readonly notifications: Notifications,
  ) {}

  @Query(() => FlagPropagationType, {
    name: 'flagPropagation',
    description: 'How many connected instances of which service have a change, and who lags.',
  })
  @Requires('read')
  async flagPropagation(@Args() args: FlagPropagationArgs): Promise<FlagPropagationType> {
    await this.#check(args);
    return this.#load(args);
  }

  @Subscription(() => FlagPropagationType, {
    name: 'flagPropagation',
    description: 'The same again whenever an instance has applied something.',
    resolve: (propagation: FlagPropagationType) => propagation,
  })
  @Requires('read')
  async flagPropagationFollowed(
    @Args() args: FlagPropagationArgs,
  ): Promise<AsyncIterableIterator<FlagPropagationType>> {
    await this.#check(args);
    return subscribeTo(
      this.notifications,
      RECEIPTS_CHANNEL,
      async (environment) =>
        environment === undefined || environment === args.environment ? this.#load(args) : undefined,
      { initial: true },
    );
  }

  async #check({ environment, flag }: FlagPropagationArgs): Promise<void> {
    await this.flags.requireEnvironment(environment);
    if (flag) await this.flags.byKey(flag);
  }

  async #load({ environment, flag, revision }: FlagPropagationArgs): Promise<Propagation> {
    return this.propagation.of(
      environment,
      revision ?? (await this.propagation.revisionOf(environment, flag)),
    );
  }
}
