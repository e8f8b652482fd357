import type { Command } from '#audit';
import { OperationsService, StepFailed } from '#operations';
import { TierdeckError } from '#platform';
import { lockTenant, updateTenant } from '../tenants.store.js';
import type { TenantMove } from './move.js';
import { FINISH_MOVE } from './move-kinds.js';
import type { MoveSession } from './move-session.js';
import { updateMove } from './moves.store.js';
import { lagOf } from './replication.js';

export const WAY_BACK_LOST = 'MOVE_WAY_BACK_LOST';

/** @throws StepFailed MOVE_WAY_BACK_LOST if what was written since the cut-over cannot be brought to the source any more. */
export async function refuseLostWayBack({ target, names }: MoveSession, subject: string): Promise<void> {
  await lagOf(target.client, names.back).catch((cause: unknown) => {
    if (!(cause instanceof TierdeckError) || cause.code !== 'MOVE_SLOT_LOST') throw cause;
    const slug = subject.slice('tenant/'.length);
    throw new StepFailed(
      WAY_BACK_LOST,
      `There is no way back: ${cause.message} The tenant stays where it went.`,
      503,
      {
        cause,
        hint: `Nothing is lost. Erase the former database, then move anew: tierdeck tenant move ${slug} --finish`,
      },
    );
  });
}

/**
 * After {@link refuseLostWayBack}: the tenant is served where it went, and the former database is erased once its undo
 * window ends: at once where somebody had given up the way back before. Rows that were never compared are erased by
 * hand only.
 */
export async function stayWhereItWent(
  command: Command,
  operations: OperationsService,
  move: TenantMove,
): Promise<void> {
  const tenant = await lockTenant(command.tx, { id: move.tenantId });
  if (tenant.status === 'MOVING') await updateTenant(command.tx, move.tenantId, { status: 'ACTIVE' });
  await updateMove(command.tx, move.id, { state: 'UNDO_WINDOW', lag_bytes: null });
  if (move.verified) await startFinish(command, operations, move);
}

/** Starts the operation that erases the former database once nobody wants the tenant back. */
export async function startFinish(
  command: Command,
  operations: OperationsService,
  move: Pick<TenantMove, 'id' | 'tenantId'>,
): Promise<void> {
  const tenant = await lockTenant(command.tx, { id: move.tenantId });
  const followUp = await operations.start(command, {
    kind: FINISH_MOVE,
    subject: `tenant/${tenant.slug}`,
    tenantId: move.tenantId,
    input: { move: move.id },
  });
  await updateMove(command.tx, move.id, { follow_up_id: followUp });
}
