import { Args, Context, Int, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Commands, type Actor } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { requestLoader } from '#platform';
import { FlagReferencesReadModel, type SegmentUse } from '../flag-references.read-model.js';
import type { FlagRecord } from '../flags.store.js';
import { ProjectsService, type Project } from '../projects.service.js';
import type { Segment } from '../segments.service.js';
import { ProjectType, SegmentType } from './flag-model.type.js';
import { SegmentUseType, UpdateProjectInput } from './flag-references.type.js';
import { FlagType } from './flag.type.js';

/** What a segment decides, to be looked at before it is changed. */
@Resolver(() => SegmentType)
export class FlagReferencesResolver {
  readonly #uses = requestLoader((ids: readonly number[]) => this.references.segmentUses(ids));

  constructor(private readonly references: FlagReferencesReadModel) {}

  @ResolveField('uses', () => [SegmentUseType], { description: 'Flags in use that name it.' })
  uses(@Parent() { id }: Segment, @Context() context: object): Promise<SegmentUse[]> {
    return this.#uses(context).load(id);
  }
}

/** What hangs on a flag. */
@Resolver(() => FlagType)
export class FlagDependentsResolver {
  readonly #dependents = requestLoader((keys: readonly string[]) => this.references.dependents(keys));

  constructor(private readonly references: FlagReferencesReadModel) {}

  @ResolveField('dependents', () => [String], {
    description: 'Flags in use that depend on it: they change with it.',
  })
  dependents(@Parent() { key }: FlagRecord, @Context() context: object): Promise<string[]> {
    return this.#dependents(context).load(key);
  }
}

/** Projects: what is in them, and what they are called. */
@Resolver(() => ProjectType)
export class ProjectReferencesResolver {
  readonly #flags = requestLoader((keys: readonly string[]) => this.references.flagCounts(keys));

  constructor(
    private readonly references: FlagReferencesReadModel,
    private readonly projects: ProjectsService,
    private readonly commands: Commands,
  ) {}

  @Mutation(() => ProjectType, { description: 'Its key stays: tokens and flags refer to it.' })
  @Requires('flags:write')
  updateProject(
    @Args('input', { type: () => UpdateProjectInput }) input: UpdateProjectInput,
    @CurrentActor() actor: Actor,
  ): Promise<Project> {
    const { clientMutationId } = input;
    return this.commands.run(actor, { clientMutationId, input }, (command) =>
      this.projects.update(command, input),
    );
  }

  @ResolveField('flags', () => Int, { description: 'Flags in use that are in it.' })
  flags(@Parent() { key }: Project, @Context() context: object): Promise<number> {
    return this.#flags(context).load(key);
  }
}
