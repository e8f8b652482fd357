import { Query, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import { EnvironmentType } from './environment.type.js';
import { EnvironmentsReadModel, type Environment } from './environments.read-model.js';

@Resolver(() => EnvironmentType)
export class EnvironmentsResolver {
  constructor(private readonly readModel: EnvironmentsReadModel) {}

  @Query(() => [EnvironmentType])
  @Requires('read')
  environments(): Promise<Environment[]> {
    return this.readModel.all();
  }
}
