import {
  createParamDecorator,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GqlExecutionContext } from '@nestjs/graphql';
import type { Actor } from '#audit';
import { TierdeckError } from '#platform';
import { ForbiddenError, UnauthenticatedError } from './identity.errors.js';
import type { Principal, RequestContext } from './principal.js';
import { allows, type Permission } from './role.js';

const PERMISSION = 'tierdeck:permission';

/** What a query, mutation or subscription demands. One without it is refused: deny by default. */
export const Requires = (permission: Permission) => SetMetadata(PERMISSION, permission);

/** The actor of the request, for {@link Commands.run}. */
export const CurrentActor = createParamDecorator(
  (_: unknown, context: ExecutionContext): Actor => principalOf(context).actor,
);

/** The actor with its role, where what is asked for decides what it needs. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context),
);

function principalOf(context: ExecutionContext): Principal {
  const { principal } = GqlExecutionContext.create(context).getContext<RequestContext>();
  if (!principal) throw new UnauthenticatedError();
  return principal;
}

/** Checks every root field of GraphQL, whichever transport it came by. Field resolvers inherit their root's check. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType<string>() !== 'graphql') return true;
    const gql = GqlExecutionContext.create(context);
    const parent = gql.getInfo<{ parentType: { name: string } }>().parentType.name;
    if (!['Query', 'Mutation', 'Subscription'].includes(parent)) return true;
    const { principal } = gql.getContext<RequestContext>();
    if (!principal) throw new UnauthenticatedError();
    const permission = this.reflector.get<Permission | undefined>(PERMISSION, context.getHandler());
    if (!permission) {
      throw new TierdeckError('FORBIDDEN', `${context.getHandler().name} declares no permission.`, 403);
    }
    if (!allows(principal.role, permission)) throw new ForbiddenError(principal.role, permission);
    return true;
  }
}
