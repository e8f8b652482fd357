import type pg from 'pg';
import { StepFailed, type StepContext } from '#operations';
import { tableFlaws, appliedMigrations } from './tenant-tables.js';

/** Oldest server whose subscriptions can write as their owner (run_as_owner). */
const oldestServer = 160_000;

/** Why rows cannot be moved between these databases, as far as the source says; a sentence each. */
export async function sourceFlaws(source: pg.ClientBase): Promise<string[]> {
  return [...(await serverFlaws(source, 'source')), ...(await tableFlaws(source))];
}

/** What a server must offer to take part in a move. */
export async function serverFlaws(client: pg.ClientBase, what: string): Promise<string[]> {
  const { rows } = await client.query<
    Record<'version' | 'slots' | 'senders' | 'workers' | 'origins', number> & { wal: string }
  >(
    // Before PostgreSQL 18 the origins were bounded by the slots.
    `select current_setting('server_version_num')::int as version, current_setting('wal_level') as wal,
       current_setting('max_replication_slots')::int - (select count(*) from pg_replication_slots)::int as slots,
       current_setting('max_wal_senders')::int - (select count(*) from pg_stat_replication)::int as senders,
       current_setting('max_logical_replication_workers')::int - subscriptions as workers,
       coalesce(current_setting('max_active_replication_origins', true), current_setting('max_replication_slots'))::int
         - subscriptions as origins
     from (select count(*)::int as subscriptions from pg_subscription where subenabled) s`,
  );
  const [server] = rows;
  if (!server) return [];
  const flaws: string[] = [];
  if (server.version < oldestServer) {
    const version = Math.floor(server.version / 10_000);
    flaws.push(`The ${what} runs PostgreSQL ${version}; moves need 16 or newer.`);
  }
  if (server.wal !== 'logical')
    flaws.push(`The ${what} has wal_level = ${server.wal}; moves need "logical" (a restart).`);
  if (server.slots < 2) flaws.push(`The ${what} has no replication slot left (max_replication_slots).`);
  if (server.senders < 2) flaws.push(`The ${what} has no WAL sender left (max_wal_senders).`);
  const used = 'moves that may still go back use them up';
  if (server.workers < 1)
    flaws.push(`The ${what} has no worker for a stream left (max_logical_replication_workers): ${used}.`);
  if (server.origins < 1)
    flaws.push(`The ${what} has no replication origin left (max_active_replication_origins): ${used}.`);
  return flaws;
}

/** A change of schema does not travel with the rows: both databases must have the same. */
export async function schemaFlaws(source: pg.ClientBase, target: pg.ClientBase): Promise<string[]> {
  const [here, there] = [await appliedMigrations(source), await appliedMigrations(target)];
  return [
    ...here.filter((name) => !there.includes(name)).map((name) => `The target lacks the migration ${name}.`),
    ...there.filter((name) => !here.includes(name)).map((name) => `The source lacks the migration ${name}.`),
  ];
}

/** @throws StepFailed MOVE_REFUSED with every reason. */
export function refuse(flaws: readonly string[]): void {
  if (flaws.length === 0) return;
  throw new StepFailed('MOVE_REFUSED', flaws.slice(0, 10).join(' '), 409, {
    hint: 'Mend this, then move again. The tenant stays where it is.',
  });
}

/**
 * A mover that died on a copy that is not whole is not followed by another that begins it anew: the copy may be what
 * kills them, and nobody knows how long it would take. The move goes back, at once, to a clear state.
 * @throws StepFailed MOVE_INTERRUPTED
 */
export function refuseInterrupted(context: StepContext): void {
  if (!context.interrupted) return;
  throw new StepFailed(
    'MOVE_INTERRUPTED',
    'The move was interrupted before every row had been copied.',
    503,
    {
      hint: 'The tenant stays where it is, and what was copied is taken away. Move it again when you like.',
    },
  );
}
