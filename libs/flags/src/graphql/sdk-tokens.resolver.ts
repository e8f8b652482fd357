import { Args, Mutation, Resolver } from '@nestjs/graphql';
import { Commands, type Actor } from '#audit';
import { CurrentActor, Requires, SdkTokensService } from '#identity';
import { InvalidInputError } from '#platform';
import { TenantsReadModel } from '#tenancy';
import { FlagSubjects } from '../flag-subjects.js';
import { FlagsReadModel } from '../flags.read-model.js';
import { CreateSdkTokenInput, RevokeSdkTokenInput } from './flag.input.js';
import { RevokeSdkTokenPayload, SdkTokenPayload } from './flag.type.js';

/** Tokens with which services read flags and the runtime snapshot. */
@Resolver()
export class SdkTokensResolver {
  constructor(
    private readonly tokens: SdkTokensService,
    private readonly tenants: TenantsReadModel,
    private readonly flags: FlagsReadModel,
    private readonly subjects: FlagSubjects,
    private readonly commands: Commands,
  ) {}

  @Mutation(() => SdkTokenPayload)
  @Requires('tokens:write')
  async createSdkToken(
    @Args('input', { type: () => CreateSdkTokenInput }) input: CreateSdkTokenInput,
    @CurrentActor() actor: Actor,
  ): Promise<SdkTokenPayload> {
    await this.flags.requireEnvironment(input.environment);
    const tenantId = input.tenant ? (await this.tenants.bySlug(input.tenant)).id : null;
    const { name, kind, environment, clientMutationId } = input;
    const project = projectOf(input);
    const branch = await this.#branchOf(input);
    if (name.length < 1 || name.length > 100)
      throw new InvalidInputError('name must have 1 to 100 characters.', { field: 'name' });
    // The secret goes around the receipt: what a repetition is answered with must not be stored.
    let secret: string | null = null;
    const { id } = await this.commands.run(actor, { clientMutationId, input }, async (command) => {
      const token = await this.tokens.create(command, { name, kind, environment, tenantId, branch, project });
      secret = token.secret;
      return { id: token.id };
    });
    return { id, secret };
  }

  @Mutation(() => RevokeSdkTokenPayload)
  @Requires('tokens:write')
  async revokeSdkToken(
    @Args('input', { type: () => RevokeSdkTokenInput }) input: RevokeSdkTokenInput,
    @CurrentActor() actor: Actor,
  ): Promise<RevokeSdkTokenPayload> {
    const { id, clientMutationId } = input;
    return this.commands.run(actor, { clientMutationId, input }, async (command) => {
      await this.tokens.revoke(command, id);
      return { id };
    });
  }

  /** @throws NotFoundError UNIT_NOT_FOUND if the tenant has no such branch. */
  async #branchOf({ tenant, branch }: CreateSdkTokenInput): Promise<string | null> {
    if (!branch) return null;
    if (!tenant)
      throw new InvalidInputError('A branch needs its tenant.', {
        field: 'tenant',
        hint: 'Name the tenant too.',
      });
    return (await this.subjects.context({ tenant, branch })).branch ?? null;
  }
}

function projectOf({ project, kind }: CreateSdkTokenInput): string {
  if (!project) return '*';
  if (kind === 'RUNTIME')
    throw new InvalidInputError('A RUNTIME token reads no flags.', { field: 'project' });
  if (project !== '*' && !/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/.test(project))
    throw new InvalidInputError('A project has 1 to 100 letters, digits, dots, dashes or underscores.', {
      field: 'project',
    });
  return project;
}
