import { Args, Int, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Commands, type Actor } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { OperationsReadModel } from '#operations';
import { Database } from '#platform';
import type { TenantMove } from '../moves/move.js';
import { movesOf } from '../moves/moves.store.js';
import { MovesService } from '../moves/moves.service.js';
import type { Tenant } from '../tenant.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import { EndMoveInput, TenantMoveType } from './move.type.js';
import { TenantPayload } from './tenant.inputs.js';
import { TenantType } from './tenant.type.js';

const mostMoves = 100;

/** Moves of a tenant, and how they end; `changePlacement` starts them. */
@Resolver(() => TenantType)
export class MovesResolver {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly moves: MovesService,
    private readonly tenants: TenantsReadModel,
    private readonly operations: OperationsReadModel,
  ) {}

  @ResolveField('moves', () => [TenantMoveType], { description: 'The newest first.' })
  async movesOf(
    @Parent() tenant: Tenant,
    @Args('first', { type: () => Int, nullable: true }) first?: number | null,
  ): Promise<TenantMoveType[]> {
    const limit = Math.min(mostMoves, Math.max(1, first ?? 10));
    return (await movesOf(this.database, tenant.id, limit)).map(shown);
  }

  @Mutation(() => TenantPayload, {
    description: 'Takes a tenant back to the database that it left, with all that was written since.',
  })
  @Requires('placement:write')
  async undoMove(@Args('input') input: EndMoveInput, @CurrentActor() actor: Actor): Promise<TenantPayload> {
    const operation = await this.#run(actor, input, 'undo');
    return this.#payload(input.tenant, operation);
  }

  @Mutation(() => TenantPayload, {
    description: 'Gives up the way back before the undo window ends: the former database is erased.',
  })
  @Requires('placement:write')
  async finishMove(@Args('input') input: EndMoveInput, @CurrentActor() actor: Actor): Promise<TenantPayload> {
    const operation = await this.#run(actor, input, 'finish');
    return this.#payload(input.tenant, operation);
  }

  #run(actor: Actor, input: EndMoveInput, end: 'undo' | 'finish'): Promise<string> {
    return this.commands.run(actor, { clientMutationId: input.clientMutationId, input }, (command) =>
      this.moves[end](command, input.tenant, input.reason),
    );
  }

  async #payload(slug: string, operationId: string): Promise<TenantPayload> {
    const tenant = (await this.tenants.bySlug(slug)) as unknown as TenantType;
    return { tenant, operation: (await this.operations.byId(operationId)) ?? null };
  }
}

function shown(move: TenantMove): TenantMoveType {
  return { ...move, estimatedSeconds: estimate(move) };
}

/** Seconds until the rows are copied, by the speed so far. */
function estimate({ state, rowsTotal, rowsCopied, createdAt }: TenantMove): number | null {
  if (state !== 'COPYING' || !rowsTotal || !rowsCopied) return null;
  const seconds = (Date.now() - createdAt.getTime()) / 1_000;
  return Math.ceil((seconds * (rowsTotal - rowsCopied)) / rowsCopied);
}
