import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Commands, type Actor, type Command } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { EnvironmentClones } from '../environment-clones.js';
import { ManifestExport } from '../manifests/manifest-export.js';
import { checkSegments } from '../flag-strategies.store.js';
import { FlagsReadModel } from '../flags.read-model.js';
import { FlagsService } from '../flags.service.js';
import { ProjectsService, type Project } from '../projects.service.js';
import { SegmentsService, type Segment } from '../segments.service.js';
import { UnleashImportService } from '../unleash-files/unleash-import.service.js';
import { toStrategies } from '../unleash-files/wire-strategies.js';
import { FlagPayload } from './flag.type.js';
import {
  CreateEnvironmentInput,
  CreateProjectInput,
  CreateSegmentInput,
  DeleteSegmentInput,
  ImportUnleashInput,
  SetFlagStrategiesInput,
  toConstraint,
  UpdateSegmentInput,
} from './flag-model.input.js';
import {
  CreateEnvironmentPayload,
  ExportFlagsPayload,
  ImportUnleashPayload,
  ProjectType,
  SegmentType,
} from './flag-model.type.js';

/** What flags refer to, and flags as files. */
@Resolver()
export class FlagModelResolver {
  constructor(
    private readonly commands: Commands,
    private readonly readModel: FlagsReadModel,
    private readonly flags: FlagsService,
    private readonly projectsService: ProjectsService,
    private readonly segmentsService: SegmentsService,
    private readonly environments: EnvironmentClones,
    private readonly importer: UnleashImportService,
    private readonly exporter: ManifestExport,
  ) {}

  @Query(() => [ProjectType])
  @Requires('read')
  projects(): Promise<Project[]> {
    return this.projectsService.all();
  }

  @Query(() => [SegmentType])
  @Requires('read')
  segments(): Promise<Segment[]> {
    return this.segmentsService.all();
  }

  @Query(() => ExportFlagsPayload, {
    description:
      'Flags as manifests; without a key all that are in use, with environments, projects and segments.',
  })
  @Requires('read')
  async exportFlags(
    @Args('keys', { type: () => [String], nullable: true }) keys?: string[] | null,
  ): Promise<ExportFlagsPayload> {
    return { manifests: await this.exporter.manifests(keys ?? null) };
  }

  @Mutation(() => ProjectType)
  @Requires('flags:write')
  createProject(
    @Args('input', { type: () => CreateProjectInput }) input: CreateProjectInput,
    @CurrentActor() actor: Actor,
  ): Promise<Project> {
    const project = { key: input.key, name: input.name ?? input.key, description: input.description ?? '' };
    return this.#run(actor, input, (command) => this.projectsService.create(command, project));
  }

  @Mutation(() => SegmentType)
  @Requires('flags:write')
  createSegment(
    @Args('input', { type: () => CreateSegmentInput }) input: CreateSegmentInput,
    @CurrentActor() actor: Actor,
  ): Promise<Segment> {
    const constraints = input.constraints.map(toConstraint);
    const segment = { name: input.name, description: input.description ?? '', constraints };
    return this.#run(actor, input, (command) => this.segmentsService.create(command, segment));
  }

  @Mutation(() => SegmentType, { description: 'Reaches the SDKs of every flag that uses it.' })
  @Requires('flags:write')
  updateSegment(
    @Args('input', { type: () => UpdateSegmentInput }) input: UpdateSegmentInput,
    @CurrentActor() actor: Actor,
  ): Promise<Segment> {
    const { id, name, description, expectedVersion, lintOverride } = input;
    const constraints = input.constraints?.map(toConstraint);
    const change = { id, name, description, expectedVersion, constraints, lintOverride };
    return this.#run(actor, input, (command) => this.segmentsService.update(command, change));
  }

  @Mutation(() => SegmentType)
  @Requires('flags:write')
  deleteSegment(
    @Args('input', { type: () => DeleteSegmentInput }) input: DeleteSegmentInput,
    @CurrentActor() actor: Actor,
  ): Promise<Segment> {
    return this.#run(actor, input, (command) => this.segmentsService.delete(command, input.id));
  }

  @Mutation(() => FlagPayload, { description: 'Unleash strategies for where no rule decides.' })
  @Requires('flags:write')
  async setFlagStrategies(
    @Args('input', { type: () => SetFlagStrategiesInput }) input: SetFlagStrategiesInput,
    @CurrentActor() actor: Actor,
  ): Promise<FlagPayload> {
    const { flag, environment, reason, expectedVersion, lintOverride, strategies, variants } = input;
    const wanted = toStrategies(strategies, variants);
    const change = { flag, environment, reason, expectedVersion, lintOverride, ...wanted };
    // What was imported without one of its segments has a negative number in its place.
    const segments = (change.strategies ?? []).flatMap((one) => one.segments ?? []).filter((id) => id >= 0);
    const { revision } = await this.#run(actor, input, async (command) => {
      await checkSegments(command.tx, segments);
      return this.flags.setStrategies(command, change);
    });
    return { flag: await this.readModel.byKey(flag), revision };
  }

  @Mutation(() => CreateEnvironmentPayload)
  @Requires('policies:write')
  createEnvironment(
    @Args('input', { type: () => CreateEnvironmentInput }) input: CreateEnvironmentInput,
    @CurrentActor() actor: Actor,
  ): Promise<CreateEnvironmentPayload> {
    return this.#run(actor, input, (command) => this.environments.create(command, input));
  }

  @Mutation(() => ImportUnleashPayload, { description: 'Takes over flags of Unleash into one environment.' })
  @Requires('flags:write')
  async importUnleash(
    @Args('input', { type: () => ImportUnleashInput }) input: ImportUnleashInput,
    @CurrentActor() actor: Actor,
  ): Promise<ImportUnleashPayload> {
    const { environment, file } = input;
    const dryRun = input.dryRun ?? false;
    try {
      const report = await this.#run(actor, input, async (command) => {
        const done = await this.importer.import(command, environment, file);
        if (dryRun) throw new RolledBack(done);
        return done;
      });
      return { dryRun, ...report };
    } catch (error) {
      if (error instanceof RolledBack) return { dryRun, ...error.report };
      throw error;
    }
  }

  #run<T>(
    actor: Actor,
    input: { clientMutationId?: string | null },
    work: (command: Command) => Promise<T>,
  ): Promise<T> {
    return this.commands.run(actor, { clientMutationId: input.clientMutationId, input }, work);
  }
}

/** Ends the transaction of a dry run: nothing of it stays but its report. */
class RolledBack extends Error {
  constructor(readonly report: Omit<ImportUnleashPayload, 'dryRun'>) {
    super('dry run');
  }
}
