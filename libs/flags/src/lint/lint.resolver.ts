import { Args, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import { Database } from '#platform';
import { toWantedChanges } from '../change-requests/flag-change.input.js';
import type { ChangeRequest } from '../change-requests/change-request.js';
import { ChangeRequestType } from '../change-requests/change-request.type.js';
import { SimulateFlagChangesInput } from '../simulation/flag-simulations.resolver.js';
import { lintChanges, type ChangeFinding } from './lint-changes.js';
import { LintFindingType } from './lint.type.js';

/** What is wrong with rules before they are set. */
@Resolver(() => ChangeRequestType)
export class LintResolver {
  constructor(private readonly database: Database) {}

  @Query(() => [LintFindingType], { description: 'What opens by accident, and what decides for nobody.' })
  @Requires('read')
  lintFlagChanges(@Args('input') input: SimulateFlagChangesInput): Promise<ChangeFinding[]> {
    const changes = toWantedChanges(input.changes);
    return this.database.transaction((tx) => lintChanges(tx, input.environment, changes));
  }

  @ResolveField('lint', () => [LintFindingType])
  lint(@Parent() { environment, changes }: ChangeRequest): Promise<ChangeFinding[]> {
    return this.database.transaction((tx) => lintChanges(tx, environment, changes));
  }
}
