import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { OperationsService } from '#operations';
import { ConflictError, rowsOf } from '#platform';
import { DatabaseProvisioner } from '../databases/database-provisioner.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { TenantStatusError } from '../tenancy.errors.js';
import type { Placement, Tenant } from '../tenant.js';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { MoveStateError, type TenantMove } from './move.js';
import { FINISH_MOVE, MOVE_TENANT, UNDO_MOVE } from './move-kinds.js';
import { insertMove, openMoveOf, updateMove } from './moves.store.js';

/** Commands on the moves of tenants between databases. */
@Injectable()
export class MovesService {
  constructor(
    private readonly operations: OperationsService,
    private readonly databases: TenantDatabases,
    private readonly provisioner: DatabaseProvisioner,
  ) {}

  /**
   * Starts to move a tenant's rows. The tenant is locked by the caller.
   * @returns the operation.
   * @throws TenantStatusError, MoveStateError, ConflictError MOVE_NOTHING_TO_DO
   */
  async start(
    command: Command,
    tenant: Tenant,
    target: { cluster: string; placement: Placement },
  ): Promise<string> {
    const { tx } = command;
    if (tenant.status !== 'ACTIVE' || !tenant.databaseId) {
      const hint = 'Only an ACTIVE tenant can be; a former move may still be under way.';
      throw new TenantStatusError(tenant.slug, tenant.status, 'moved', hint);
    }
    const open = await openMoveOf(tx, tenant.id);
    if (open) {
      const hint = `Wait for it, or end its undo window: tierdeck tenant move ${tenant.slug} --finish`;
      throw new MoveStateError(tenant.slug, open, 'followed by another one', hint);
    }
    const kind = target.placement === 'DEDICATED' ? 'DEDICATED' : 'POOLED';
    const { names } = this.provisioner;
    const name = kind === 'DEDICATED' ? names.dedicated(tenant.slug) : names.pool;
    await this.databases.reserve(command, target.cluster, name, kind);
    const find = async (where: string, values: unknown[]): Promise<{ id: string; name: string }> => {
      const [row] = await rowsOf<{ id: string; name: string }>(
        tx,
        `select id, cluster || '/' || name as name from tenant_database where ${where}`,
        values,
      );
      return row as { id: string; name: string };
    };
    const from = await find('id = $1', [tenant.databaseId]);
    const to = await find('cluster = $1 and name = $2', [target.cluster, name]);
    if (from.id === to.id) {
      throw new ConflictError('MOVE_NOTHING_TO_DO', `Tenant "${tenant.slug}" is in ${from.name} already.`, {
        field: 'cluster',
      });
    }
    const id = await this.operations.start(command, {
      kind: MOVE_TENANT,
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      input: {},
    });
    await tx.query(`update operation set input = jsonb_build_object('move', $1::text) where id = $1::uuid`, [
      id,
    ]);
    await insertMove(tx, {
      id,
      tenantId: tenant.id,
      sourceId: from.id,
      targetId: to.id,
      fromPlacement: tenant.databasePlacement,
      toPlacement: target.placement,
      sourceName: from.name,
      targetName: to.name,
    });
    await updateTenant(tx, tenant.id, { status: 'MOVING' });
    await this.#record(command, tenant, 'tenant.move-started', from.name, {
      database: to.name,
      placement: target.placement,
      operation: id,
    });
    return id;
  }

  /** Takes a tenant back to the database that it left. @returns the operation. */
  async undo(command: Command, slug: string, reason?: string | null): Promise<string> {
    const { tenant, move } = await this.#inUndoWindow(command, slug, 'undone');
    if (tenant.status !== 'ACTIVE') {
      throw new TenantStatusError(slug, tenant.status, 'moved back', 'Resume it first.');
    }
    await this.#stopFollowUp(command, move);
    const id = await this.operations.start(command, {
      kind: UNDO_MOVE,
      subject: `tenant/${slug}`,
      tenantId: tenant.id,
      input: { move: move.id },
    });
    await updateMove(command.tx, move.id, { state: 'UNDOING', follow_up_id: id });
    await updateTenant(command.tx, tenant.id, { status: 'MOVING' });
    const after = { database: move.sourceName, operation: id };
    await this.#record(command, tenant, 'tenant.move-undo-started', move.targetName, after, reason);
    return id;
  }

  /** Gives up the way back now: the former database is erased. @returns the operation. */
  async finish(command: Command, slug: string, reason?: string | null): Promise<string> {
    const { tenant, move } = await this.#inUndoWindow(command, slug, 'finished');
    await this.#stopFollowUp(command, move);
    const id = await this.operations.start(command, {
      kind: FINISH_MOVE,
      subject: `tenant/${slug}`,
      tenantId: tenant.id,
      input: { move: move.id },
    });
    await updateMove(command.tx, move.id, { undo_until: null, follow_up_id: id });
    await this.#record(command, tenant, 'tenant.move-finish-started', undefined, { operation: id }, reason);
    return id;
  }

  /** @throws MoveStateError for a tenant with a move that is not over. */
  async refuseOpen(command: Command, tenant: Pick<Tenant, 'id' | 'slug'>, wanted: string): Promise<void> {
    const move = await openMoveOf(command.tx, tenant.id);
    if (!move) return;
    const hint = `Its former database is still kept. Give up the way back first: tierdeck tenant move ${tenant.slug} --finish`;
    throw new MoveStateError(tenant.slug, move, `left open when the tenant is ${wanted}`, hint);
  }

  async #inUndoWindow(
    command: Command,
    slug: string,
    wanted: string,
  ): Promise<{ tenant: Tenant; move: TenantMove }> {
    const tenant = await lockTenant(command.tx, { slug });
    const move = await openMoveOf(command.tx, tenant.id);
    if (move?.state !== 'UNDO_WINDOW') {
      const hint = 'Only a move whose way back is open; to stop one before: tierdeck operation cancel <id>';
      throw new MoveStateError(slug, move, wanted, hint);
    }
    return { tenant, move };
  }

  /** The operation that waits for the undo window, unless somebody stopped it. */
  async #stopFollowUp(command: Command, move: TenantMove): Promise<void> {
    if (!move.followUpId) return;
    const [row] = await rowsOf<{ status: string }>(
      command.tx,
      'select status from operation where id = $1 for update',
      [move.followUpId],
    );
    if (row && ['PENDING', 'RUNNING', 'WAITING'].includes(row.status)) {
      await this.operations.cancel(command, move.followUpId);
    }
  }

  async #record(
    command: Command,
    tenant: Tenant,
    action: string,
    before: string | undefined,
    after: object,
    reason?: string | null,
  ): Promise<void> {
    await command.record({
      area: 'tenancy',
      action,
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      ...(before === undefined ? {} : { before: { database: before } }),
      after,
      ...(reason ? { reason } : {}),
    });
  }
}
