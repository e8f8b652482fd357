import { Database, rowsOf, type Transaction } from '#platform';
import type { Placement } from '../tenant.js';
import type { MoveState, TenantMove } from './move.js';

interface MoveRow {
  id: string;
  tenant_id: string;
  source_id: string;
  target_id: string;
  from_placement: Placement;
  to_placement: Placement;
  source_name: string;
  target_name: string;
  state: MoveState;
  rows_total: string | null;
  rows_copied: string;
  lag_bytes: string | null;
  pause_ms: number | null;
  cut_over_at: Date | null;
  told_revision: string | null;
  undo_until: Date | null;
  verified: Record<string, unknown> | null;
  receipt: Record<string, unknown> | null;
  follow_up_id: string | null;
  created_at: Date;
  finished_at: Date | null;
}

export type NewMove = Pick<
  TenantMove,
  'id' | 'tenantId' | 'sourceId' | 'targetId' | 'fromPlacement' | 'toPlacement' | 'sourceName' | 'targetName'
>;

/** Columns that change while a move goes on. */
export interface MoveColumns {
  state: MoveState;
  rows_total: number;
  rows_copied: number;
  lag_bytes: number | null;
  pause_ms: number;
  cut_over_at: Date;
  told_revision: number;
  undo_until: Date | null;
  verified: object;
  receipt: object;
  follow_up_id: string;
  finished_at: Date;
}

export async function insertMove(tx: Transaction, move: NewMove): Promise<void> {
  await tx.query(
    `insert into tenant_move (id, tenant_id, source_id, target_id, from_placement, to_placement, source_name,
       target_name, state) values ($1, $2, $3, $4, $5, $6, $7, $8, 'PREPARING')`,
    [
      move.id,
      move.tenantId,
      move.sourceId,
      move.targetId,
      move.fromPlacement,
      move.toPlacement,
      move.sourceName,
      move.targetName,
    ],
  );
}

export async function updateMove(
  tx: Transaction | Database,
  id: string,
  columns: Partial<MoveColumns>,
): Promise<void> {
  const names = Object.keys(columns);
  const values = Object.values(columns).map((value) =>
    value !== null && typeof value === 'object' && !(value instanceof Date) ? JSON.stringify(value) : value,
  );
  await tx.query(
    `update tenant_move set ${names.map((name, i) => `${name} = $${i + 2}`).join(', ')} where id = $1`,
    [id, ...values],
  );
}

export async function findMove(tx: Transaction | Database, id: string): Promise<TenantMove | undefined> {
  const rows = await read(tx, 'where id = $1', [id]);
  return rows[0];
}

/** Code of the error that stopped an operation. */
export async function stoppedBy(tx: Transaction, operationId: string): Promise<string | undefined> {
  const sql = 'select error_code from operation where id = $1';
  const [row] = await rowsOf<{ error_code: string }>(tx, sql, [operationId]);
  return row?.error_code;
}

/** The move that a tenant is in, or has a way back from. */
export async function openMoveOf(
  tx: Transaction | Database,
  tenantId: string,
): Promise<TenantMove | undefined> {
  const rows = await read(tx, `where tenant_id = $1 and state not in ('FINISHED', 'UNDONE', 'ABORTED')`, [
    tenantId,
  ]);
  return rows[0];
}

/** Moves of a tenant, the newest first. */
export async function movesOf(database: Database, tenantId: string, limit: number): Promise<TenantMove[]> {
  return read(database, 'where tenant_id = $1 order by created_at desc limit $2', [tenantId, limit]);
}

async function read(
  tx: Transaction | Database,
  where: string,
  parameters: readonly unknown[],
): Promise<TenantMove[]> {
  // A command decides upon what it reads.
  const sql = `select * from tenant_move ${where}${tx instanceof Database ? '' : ' for update'}`;
  const rows =
    tx instanceof Database
      ? await tx.query<MoveRow>(sql, parameters)
      : await rowsOf<MoveRow>(tx, sql, parameters);
  return rows.map((row) => ({
    id: row.id,
    tenantId: row.tenant_id,
    sourceId: row.source_id,
    targetId: row.target_id,
    fromPlacement: row.from_placement,
    toPlacement: row.to_placement,
    sourceName: row.source_name,
    targetName: row.target_name,
    state: row.state,
    rowsTotal: row.rows_total === null ? null : Number(row.rows_total),
    rowsCopied: Number(row.rows_copied),
    lagBytes: row.lag_bytes === null ? null : Number(row.lag_bytes),
    pauseMs: row.pause_ms,
    cutOverAt: row.cut_over_at,
    toldRevision: row.told_revision === null ? null : Number(row.told_revision),
    undoUntil: row.undo_until,
    verified: row.verified,
    receipt: row.receipt,
    followUpId: row.follow_up_id,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  }));
}
