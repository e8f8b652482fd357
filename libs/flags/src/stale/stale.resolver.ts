import { Args, Context, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Commands, type Actor } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { requestLoader } from '#platform';
import type { FlagRecord } from '../flags.store.js';
import { FlagType } from '../graphql/flag.type.js';
import { CodeReferencesService, type StoredReference } from './code-references.service.js';
import { daysUnlessTold, StaleFlagsReadModel, type StaleFlag } from './stale-flags.read-model.js';
import {
  FlagCodeReferenceType,
  StaleFlagType,
  UploadCodeReferencesInput,
  UploadCodeReferencesPayload,
} from './stale.type.js';

/** Flags that have done their work, and where they stand in code. */
@Resolver(() => FlagType)
export class StaleResolver {
  readonly #references = requestLoader((keys: readonly string[]) => this.references.ofFlags(keys));

  constructor(
    private readonly readModel: StaleFlagsReadModel,
    private readonly references: CodeReferencesService,
    private readonly commands: Commands,
  ) {}

  @Query(() => [StaleFlagType], { description: 'Expired ones first.' })
  @Requires('read')
  staleFlags(
    @Args('days', {
      type: () => Int,
      nullable: true,
      defaultValue: daysUnlessTold,
      description: 'Without evaluation.',
    })
    days?: number | null,
    @Args('first', { type: () => Int, nullable: true, defaultValue: 100 }) first?: number | null,
    @Args('flags', { type: () => [String], nullable: true, description: 'Only these; at most 500.' })
    flags?: string[] | null,
  ): Promise<StaleFlag[]> {
    return this.readModel.list(days ?? daysUnlessTold, first ?? 100, flags ?? undefined);
  }

  @Mutation(() => UploadCodeReferencesPayload, {
    description: 'What a scan of a repository found; replaces the scan before.',
  })
  @Requires('flags:write')
  async uploadCodeReferences(
    @Args('input') input: UploadCodeReferencesInput,
    @CurrentActor() actor: Actor,
  ): Promise<UploadCodeReferencesPayload> {
    const { clientMutationId, ...scan } = input;
    const kept = await this.commands.run(actor, { clientMutationId, input }, (command) =>
      this.references.replace(command, scan),
    );
    return { kept };
  }

  @ResolveField('codeReferences', () => [FlagCodeReferenceType], { description: 'At most two hundred.' })
  codeReferences(@Parent() { key }: FlagRecord, @Context() context: object): Promise<StoredReference[]> {
    return this.#references(context).load(key);
  }
}
