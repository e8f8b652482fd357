import { Args, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import { toWantedChanges } from '../change-requests/flag-change.input.js';
import { explain, Playground, type ExplainableDecision, type PlaygroundAnswer } from './playground.js';
import {
  PlaygroundDecisionType,
  PlaygroundInput,
  PlaygroundTraceStepType,
  PlaygroundType,
} from './playground.type.js';

/** What flags would be, for whom, and why. */
@Resolver(() => PlaygroundDecisionType)
export class PlaygroundResolver {
  constructor(private readonly playground: Playground) {}

  @Query(() => PlaygroundType, {
    name: 'playground',
    description: 'Flags × environments × contexts, as they are and as a draft would have them.',
  })
  @Requires('read')
  ask(@Args('input') input: PlaygroundInput): Promise<PlaygroundAnswer> {
    return this.playground.ask({
      flags: input.flags,
      environments: input.environments,
      contexts: input.contexts,
      allTenants: input.allTenants ? { after: input.after } : null,
      changes: input.changes && toWantedChanges(input.changes),
      changeRequest: input.changeRequest,
    });
  }

  @ResolveField('trace', () => [PlaygroundTraceStepType], {
    description:
      'A flag that it depends on and that is not as it must be, rules from the most specific, strategies; of those that do not match, at most a hundred.',
  })
  trace(@Parent() decision: ExplainableDecision): PlaygroundTraceStepType[] {
    return explain(decision);
  }
}
