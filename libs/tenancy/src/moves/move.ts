import { ConflictError } from '#platform';
import type { Placement } from '../tenant.js';

export type MoveState =
  | 'PREPARING'
  | 'COPYING'
  | 'FOLLOWING'
  | 'MOVED'
  | 'UNDO_WINDOW'
  | 'UNDOING'
  | 'FINISHING'
  | 'ABORTING'
  | 'FINISHED'
  | 'UNDONE'
  | 'ABORTED';

/** A tenant's way from one database to another, as the control plane knows it. */
export interface TenantMove {
  /** Also the id of the operation that performs it. */
  id: string;
  tenantId: string;
  sourceId: string;
  targetId: string;
  fromPlacement: Placement;
  toPlacement: Placement;
  /** `cluster/database`. */
  sourceName: string;
  targetName: string;
  state: MoveState;
  rowsTotal: number | null;
  rowsCopied: number;
  lagBytes: number | null;
  /** How long writers were kept waiting at the cut-over, in milliseconds. */
  pauseMs: number | null;
  cutOverAt: Date | null;
  toldRevision: number | null;
  undoUntil: Date | null;
  verified: Record<string, unknown> | null;
  receipt: Record<string, unknown> | null;
  followUpId: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

/** Before the cut-over: everything can be taken back without anybody noticing. */
export function isBeforeCutOver(state: MoveState): boolean {
  return state === 'PREPARING' || state === 'COPYING' || state === 'FOLLOWING';
}

export class MoveStateError extends ConflictError {
  constructor(slug: string, move: Pick<TenantMove, 'state'> | undefined, wanted: string, hint: string) {
    super(
      'MOVE_STATE_CONFLICT',
      move
        ? `The move of tenant "${slug}" is ${move.state} and cannot be ${wanted}.`
        : `Tenant "${slug}" has no move that could be ${wanted}.`,
      { hint },
    );
  }
}

/** Names of the two streams of a move; each is the name of a publication, slot, subscription and login role. */
export interface MoveNames {
  /** Carries the source's changes to the target. */
  forward: string;
  /** Carries the target's changes back. */
  back: string;
}

export function moveNames(moveId: string): MoveNames {
  const short = moveId.replaceAll('-', '').slice(0, 12);
  return { forward: `tierdeck_move_${short}`, back: `tierdeck_back_${short}` };
}
