import { Field, Float, ID, InputType, ObjectType, registerEnumType } from '@nestjs/graphql';
import { JsonScalar } from '#platform';
import type { MoveState } from '../moves/move.js';
import type { Placement } from '../tenant.js';
import { MutationInput } from './mutation.input.js';
import { PlacementEnum } from './tenant.type.js';

export const MoveStateEnum = {
  PREPARING: 'PREPARING',
  COPYING: 'COPYING',
  FOLLOWING: 'FOLLOWING',
  MOVED: 'MOVED',
  UNDO_WINDOW: 'UNDO_WINDOW',
  UNDOING: 'UNDOING',
  FINISHING: 'FINISHING',
  ABORTING: 'ABORTING',
  FINISHED: 'FINISHED',
  UNDONE: 'UNDONE',
  ABORTED: 'ABORTED',
} as const;
registerEnumType(MoveStateEnum, {
  name: 'MoveState',
  description:
    'Up to FOLLOWING the move can be cancelled (cancelOperation); in UNDO_WINDOW it can be undone or finished.',
});

@ObjectType('TenantMove', { description: 'The way of a tenant’s rows from one database to another.' })
export class TenantMoveType {
  @Field(() => ID, { description: 'Also the id of the operation that performs it.' })
  id!: string;
  @Field(() => MoveStateEnum)
  state!: MoveState;
  @Field(() => PlacementEnum)
  fromPlacement!: Placement;
  @Field(() => PlacementEnum)
  toPlacement!: Placement;
  @Field(() => String, { description: 'cluster/database' })
  sourceName!: string;
  @Field(() => String, { description: 'cluster/database' })
  targetName!: string;
  @Field(() => Float, { nullable: true })
  rowsTotal!: number | null;
  @Field(() => Float)
  rowsCopied!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'Changes that the target does not have yet, in bytes of WAL.',
  })
  lagBytes!: number | null;
  @Field(() => Float, { nullable: true, description: 'Until every row is copied, by the speed so far.' })
  estimatedSeconds!: number | null;
  @Field(() => Float, { nullable: true, description: 'How long writers were kept waiting at the cut-over.' })
  pauseMs!: number | null;
  @Field(() => Date, { nullable: true })
  cutOverAt!: Date | null;
  @Field(() => Date, { nullable: true, description: 'Until then the tenant may go back.' })
  undoUntil!: Date | null;
  @Field(() => JsonScalar, { nullable: true, description: 'Rows and checksum by table, as compared.' })
  verified!: Record<string, unknown> | null;
  @Field(() => JsonScalar, { nullable: true, description: 'What was erased at the end.' })
  receipt!: Record<string, unknown> | null;
  @Field(() => ID, {
    nullable: true,
    description: 'The operation that waits for the undo window, undoes the move or cleans up after it.',
  })
  followUpId!: string | null;
  @Field(() => Date)
  createdAt!: Date;
  @Field(() => Date, { nullable: true })
  finishedAt!: Date | null;
}

@InputType()
export class EndMoveInput extends MutationInput {
  @Field(() => String)
  tenant!: string;
  @Field(() => String, { nullable: true })
  reason?: string | null;
}
