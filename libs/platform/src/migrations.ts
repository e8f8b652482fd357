import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg, { type ClientBase } from 'pg';
import { postgresCode } from './database.js';
import { TierdeckError } from './errors.js';

export interface Migration {
  /** File name without `.sql`, e.g. `0001_foundation`: sorts in the order of application. */
  name: string;
  up: string;
  /** What stands below a line `-- down`; undefined if the migration only goes forward. */
  down: string | undefined;
  /** SHA-256 of the whole file: a landed migration is never edited. */
  checksum: string;
}

/** Reads the `*.sql` files of a folder in order. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(folder, file), 'utf8');
      const [up = '', down] = text.split(/^-- down\s*$/m);
      return {
        name: file.slice(0, -'.sql'.length),
        up,
        down: down?.trim() ? down : undefined,
        checksum: createHash('sha256').update(text).digest('hex'),
      };
    }),
  );
}

/** Any number that no other advisory lock of Tierdeck uses. */
const migrationLock = 7_415_001;
const undefinedTable = '42P01';

/** What a database shall have, chosen by what it has already: names of its ledger. */
export type MigrationChoice = (applied: ReadonlySet<string>) => Promise<readonly Migration[]>;

/**
 * Brings a database to the newest migration: each in a transaction of its own with its line in the ledger
 * `schema_migration`, under an advisory lock, so that any number of processes may call it at once.
 * @returns the names that were applied now.
 * @throws TierdeckError MIGRATION_EDITED if a landed file differs from what was applied,
 *   DATABASE_NEWER if the database has a migration that this version does not know.
 */
export async function migrate(
  client: ClientBase,
  migrations: readonly Migration[] | MigrationChoice,
): Promise<string[]> {
  await client.query('select pg_advisory_lock($1)', [migrationLock]);
  try {
    const applied = await readLedger(client);
    const wanted = typeof migrations === 'function' ? await migrations(new Set(applied.keys())) : migrations;
    refuseUnknown(applied, wanted);
    const fresh: string[] = [];
    for (const migration of wanted) {
      if (applied.has(migration.name)) continue;
      await applyMigration(client, migration);
      fresh.push(migration.name);
    }
    return fresh;
  } finally {
    await client.query('select pg_advisory_unlock($1)', [migrationLock]);
  }
}

/** Checksums by name; makes the ledger where there is none yet. */
async function readLedger(client: ClientBase): Promise<Map<string, string>> {
  const read = 'select name, checksum from schema_migration order by name';
  const { rows } = await client
    .query<{ name: string; checksum: string }>(read)
    .catch(async (error: unknown) => {
      if (postgresCode(error) !== undefinedTable) throw error;
      await client.query(
        `create table if not exists schema_migration (
         name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
      );
      return { rows: [] };
    });
  return new Map(rows.map((row) => [row.name, row.checksum]));
}

function refuseUnknown(applied: ReadonlyMap<string, string>, migrations: readonly Migration[]): void {
  const known = new Map(migrations.map((migration) => [migration.name, migration.checksum]));
  for (const [name, checksum] of applied) {
    const expected = known.get(name);
    if (expected === undefined) {
      throw new TierdeckError(
        'DATABASE_NEWER',
        `The database has migration ${name}, which this version lacks.`,
        500,
        {
          hint: 'Run the newer version of Tierdeck.',
        },
      );
    }
    if (expected !== checksum) {
      throw new TierdeckError('MIGRATION_EDITED', `Migration ${name} was edited after it was applied.`, 500, {
        hint: 'Restore the file and write a new migration.',
      });
    }
  }
}

/** One round trip: a fleet of databases is migrated over connections that are slow to open and soon closed. */
async function applyMigration(client: ClientBase, migration: Migration): Promise<void> {
  const values = [migration.name, migration.checksum].map((value) => pg.escapeLiteral(value));
  const statements = [
    'begin',
    migration.up,
    `insert into schema_migration (name, checksum) values (${values.join(', ')})`,
    'commit',
  ];
  try {
    await client.query(statements.join('\n;\n'));
  } catch (cause) {
    await client.query('rollback');
    throw migrationFailed(migration.name, cause as Error);
  }
}

export function migrationFailed(name: string, cause: Error): TierdeckError {
  return new TierdeckError(
    'MIGRATION_FAILED',
    `Migration ${name} failed: ${cause.message}`,
    500,
    { cause },
    'operator',
  );
}
