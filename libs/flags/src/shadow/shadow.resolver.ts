import { Args, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import { ShadowReadModel, type ShadowDifference, type ShadowExampleView } from './shadow.read-model.js';
import { ShadowDifferencesArgs, ShadowDifferenceType, ShadowExampleType } from './shadow.type.js';

/** What another engine would have done. */
@Resolver(() => ShadowDifferenceType)
export class ShadowResolver {
  constructor(private readonly readModel: ShadowReadModel) {}

  @Query(() => [ShadowDifferenceType], {
    description: 'By tenant and branch, the largest differences first.',
  })
  @Requires('read')
  shadowDifferences(@Args() args: ShadowDifferencesArgs): Promise<ShadowDifference[]> {
    return this.readModel.differences(args);
  }

  @ResolveField('examples', () => [ShadowExampleType], { description: 'The worst, at most ten.' })
  examples(@Parent() difference: ShadowDifference): Promise<ShadowExampleView[]> {
    return this.readModel.examples(difference);
  }
}
