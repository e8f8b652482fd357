import { rowsOf, type Database, type Transaction } from '#platform';
import type { OperationKind, OperationStatus, StepStatus } from './operation.js';

export interface OperationRow {
  id: string;
  kind: string;
  subject: string;
  tenant_id: string | null;
  status: OperationStatus;
  input: Record<string, unknown>;
  state: Record<string, unknown>;
  requested_by: string;
  error_code: string | null;
  error_message: string | null;
  error_hint: string | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  fence: string;
}

export interface StepRow {
  operation_id: string;
  position: number;
  name: string;
  title: string;
  status: StepStatus;
  attempts: number;
  progress: Record<string, unknown> | null;
  error_message: string | null;
  started_at: Date | null;
  finished_at: Date | null;
}

export async function insertOperation(
  tx: Transaction,
  operation: Pick<OperationRow, 'id' | 'subject' | 'tenant_id' | 'input' | 'requested_by'>,
  kind: OperationKind,
): Promise<void> {
  await tx.query(
    `with operation as (
       insert into operation (id, kind, subject, tenant_id, status, input, requested_by)
       values ($1, $2, $3, $4, 'PENDING', $5, $6))
     insert into operation_step (operation_id, position, name, title, status)
     select $1, s.position, s.name, s.title, 'PENDING'
     from jsonb_to_recordset($7) as s(position int, name text, title text)`,
    [
      operation.id,
      kind.kind,
      operation.subject,
      operation.tenant_id,
      JSON.stringify(operation.input),
      operation.requested_by,
      JSON.stringify(kind.steps.map(({ name, title }, position) => ({ position, name, title }))),
    ],
  );
}

/**
 * Takes one due operation by lease; its fence makes every earlier holder powerless. A holder that renews its lease keeps
 * it. One that does not loses it when it runs out, or when half of it has and no session of its process is left.
 */
export async function claimOperation(
  database: Database,
  holder: string,
  leaseMs: number,
  kinds: readonly string[],
): Promise<OperationRow | undefined> {
  const [row] = await rowsOf<OperationRow>(
    database.source.manager,
    `update operation set status = 'RUNNING', lease_holder = $1, fence = fence + 1,
       lease_until = clock_timestamp() + $2 * interval '1 millisecond',
       started_at = coalesce(started_at, clock_timestamp())
     where id = (
       select id from operation
       where status in ('PENDING', 'RUNNING', 'WAITING') and next_run_at <= clock_timestamp() and kind = any($3)
         and (lease_until is null or lease_until < clock_timestamp()
           or lease_until < clock_timestamp() + $2 * interval '0.5 milliseconds' and not exists (
             select from pg_stat_activity a
             where a.datname = current_database() and a.application_name = split_part(lease_holder, ':', 3)))
       order by next_run_at for update skip locked limit 1)
     returning *`,
    [holder, leaseMs, kinds],
  );
  return row;
}

/** @returns false if the lease has gone to another holder. */
export async function renewLease(
  database: Database,
  id: string,
  fence: string,
  leaseMs: number,
): Promise<boolean> {
  const rows = await rowsOf(
    database.source.manager,
    `update operation set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
     where id = $1 and fence = $2 and status = 'RUNNING' returning id`,
    [id, fence, leaseMs],
  );
  return rows.length === 1;
}

/** What a holder must know to go on. */
export interface HeldOperation {
  status: OperationStatus;
  fence: string;
  /** Steps that are neither done nor skipped, in order. */
  left: OpenStep[];
}

export interface OpenStep extends Pick<StepRow, 'position' | 'name' | 'title' | 'attempts'> {
  /** It was running when its holder went away. */
  interrupted: boolean;
}

/** Locks an operation for the transaction of a step; undefined if there is none. */
export async function lockHeld(tx: Transaction, id: string): Promise<HeldOperation | undefined> {
  const [row] = await rowsOf<HeldOperation>(
    tx,
    `select status, fence, array(
       select jsonb_build_object('position', position, 'name', name, 'title', title, 'attempts', attempts,
         'interrupted', s.status = 'RUNNING')
       from operation_step s where s.operation_id = o.id and s.status not in ('SUCCEEDED', 'SKIPPED')
       order by position) as left
     from operation o where id = $1 for update`,
    [id],
  );
  return row;
}

/** What has become of a step: done, skipped, or begun. */
export interface SettledStep {
  position: number;
  status: 'SUCCEEDED' | 'SKIPPED' | 'RUNNING';
  attempts: number;
}

/** Writes down what a transaction has settled. @param state of the operation from now on; undefined: as it was. */
export async function writeSteps(
  tx: Transaction,
  id: string,
  steps: readonly SettledStep[],
  operation: { state: Record<string, unknown> | undefined; done: boolean },
): Promise<void> {
  await tx.query(
    `with step as (
       update operation_step s set status = n.status, attempts = n.attempts,
         error_message = case when n.status <> 'SUCCEEDED' then error_message end,
         started_at = case when n.status = 'SKIPPED' then started_at else coalesce(started_at, clock_timestamp()) end,
         finished_at = case when n.status <> 'RUNNING' then clock_timestamp() end
       from jsonb_to_recordset($2) as n(position int, status text, attempts int)
       where s.operation_id = $1 and s.position = n.position)
     update operation set state = coalesce($3, state), status = case when $4 then 'SUCCEEDED' else status end,
       finished_at = case when $4 then clock_timestamp() end, lease_until = case when not $4 then lease_until end
     where id = $1 and ($3::jsonb is not null or $4)`,
    [
      id,
      JSON.stringify(steps),
      operation.state === undefined ? null : JSON.stringify(operation.state),
      operation.done,
    ],
  );
}

export async function lockOperation(tx: Transaction, id: string): Promise<OperationRow | undefined> {
  const [row] = await rowsOf<OperationRow>(tx, 'select * from operation where id = $1 for update', [id]);
  return row;
}
