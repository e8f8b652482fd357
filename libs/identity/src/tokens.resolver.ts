import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Commands, type Actor } from '#audit';
import { InvalidInputError } from '#platform';
import { UnauthenticatedError } from './identity.errors.js';
import { CurrentActor, Requires } from './permission.guard.js';
import type { RequestContext } from './principal.js';
import { permissionsOf } from './role.js';
import {
  CreateTokenInput,
  NewTokenPayload,
  RevokeTokenInput,
  RevokeTokenPayload,
  ViewerType,
} from './token.type.js';
import { TokensService } from './tokens.service.js';

@Resolver()
export class TokensResolver {
  constructor(
    private readonly tokens: TokensService,
    private readonly commands: Commands,
  ) {}

  @Query(() => ViewerType)
  @Requires('read')
  viewer(@Context() { principal }: RequestContext): ViewerType {
    if (!principal) throw new UnauthenticatedError();
    const { actor, role } = principal;
    return { name: actor.name, person: actor.person ?? null, role, permissions: permissionsOf(role) };
  }

  @Mutation(() => NewTokenPayload)
  @Requires('tokens:write')
  async createToken(
    @Args('input') input: CreateTokenInput,
    @CurrentActor() actor: Actor,
  ): Promise<NewTokenPayload> {
    const { name, role, expiresAt, person, clientMutationId } = input;
    if (name.length < 1 || name.length > 100) {
      throw new InvalidInputError('name must have 1 to 100 characters.', { field: 'name' });
    }
    if (typeof person === 'string' && (person.trim() === '' || person.length > 200)) {
      throw new InvalidInputError('person must have 1 to 200 characters.', { field: 'person' });
    }
    // The secret goes around the receipt: what a repetition is answered with must not be stored.
    let secret: string | null = null;
    const { id } = await this.commands.run(actor, { clientMutationId, input }, async (command) => {
      const token = await this.tokens.create(command, name, role, {
        expiresAt: expiresAt ?? undefined,
        person: person ?? undefined,
      });
      secret = token.secret;
      return { id: token.id };
    });
    return { id, secret };
  }

  @Mutation(() => RevokeTokenPayload)
  @Requires('tokens:write')
  async revokeToken(
    @Args('input') input: RevokeTokenInput,
    @CurrentActor() actor: Actor,
  ): Promise<RevokeTokenPayload> {
    const { id, clientMutationId } = input;
    return this.commands.run(actor, { clientMutationId, input }, async (command) => {
      await this.tokens.revoke(command, id);
      return { id };
    });
  }
}
