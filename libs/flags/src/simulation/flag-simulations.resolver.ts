import { Args, Field, ID, InputType, Int, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import { FlagChangeInput, toWantedChanges } from '../change-requests/flag-change.input.js';
import { FlagSimulationType } from '../graphql/flag.type.js';
import { FlagSimulations } from './flag-simulations.js';
import { toSimulationType } from './simulation.presenter.js';

@InputType()
export class SimulateFlagChangesInput {
  @Field(() => String)
  environment!: string;
  @Field(() => [FlagChangeInput])
  changes!: FlagChangeInput[];
}

const pageArguments = {
  first: { type: () => Int, nullable: true, defaultValue: 100 } as const,
  skip: { type: () => Int, nullable: true, defaultValue: 0 } as const,
};

/** Who would see something else, before several changes are made. */
@Resolver()
export class FlagSimulationsResolver {
  constructor(private readonly simulations: FlagSimulations) {}

  @Query(() => [FlagSimulationType], {
    description:
      'One for each flag that the changes name or that a segment of theirs decides, then for those that change since they depend on one; looks at everybody.',
  })
  @Requires('read')
  async simulateFlagChanges(
    @Args('input') input: SimulateFlagChangesInput,
    @Args('first', pageArguments.first) first?: number | null,
    @Args('skip', pageArguments.skip) skip?: number | null,
  ): Promise<FlagSimulationType[]> {
    const changes = toWantedChanges(input.changes);
    const page = { first: first ?? 100, skip: skip ?? 0 };
    return (await this.simulations.ofChanges(input.environment, changes, page)).map(toSimulationType);
  }

  @Query(() => [FlagSimulationType], { description: 'Of a change request, on the flags as they are now.' })
  @Requires('read')
  async simulateChangeRequest(
    @Args('id', { type: () => ID }) id: string,
    @Args('first', pageArguments.first) first?: number | null,
    @Args('skip', pageArguments.skip) skip?: number | null,
  ): Promise<FlagSimulationType[]> {
    const page = { first: first ?? 100, skip: skip ?? 0 };
    return (await this.simulations.ofRequest(id, page)).map(toSimulationType);
  }
}
