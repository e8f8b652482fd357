import type pg from 'pg';
import { StepFailed, type StepContext } from '#operations';
import { roomFlaws, type OtherMoves } from './move-room.js';
import { tableFlaws, appliedMigrations } from './tenant-tables.js';

/** Oldest server whose subscriptions can write as their owner (run_as_owner). */
const oldestServer = 160_000;

/** Why rows cannot be moved between these databases, as far as the source says; a sentence each. */
export async function sourceFlaws(source: pg.ClientBase, others?: OtherMoves): Promise<string[]> {
  return [...(await serverFlaws(source, 'source', others)), ...(await tableFlaws(source))];
}

/**
 * What a server must offer to take part in a move.
 * @param others moves of the same server: each is counted with what it will need, taken yet or not.
 */
export async function serverFlaws(
  client: pg.ClientBase,
  what: string,
  others: OtherMoves = { open: 0, streaming: 0 },
): Promise<string[]> {
  const { rows } = await client.query<{ version: number; wal: string }>(
    `select current_setting('server_version_num')::int as version, current_setting('wal_level') as wal`,
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
  return [...flaws, ...(await roomFlaws(client, what, others))];
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
