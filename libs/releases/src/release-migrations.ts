import { InvalidInputError, NotFoundError, readMigrations, TierdeckError, type Migration } from '#platform';
import type { ReleaseMigration } from './release.js';

/** A migration that can be taken back. */
export interface ReversibleMigration extends Migration {
  down: string;
}

const contracting: [RegExp, string][] = [
  [/\bdrop\s+(table|column|view|schema|type|sequence|function|policy)\b/i, 'drops something'],
  [/\balter\s+table\s[^;]*\bdrop\b(?!\s+(constraint|not\s+null|default|expression))/i, 'drops a column'],
  [/\brename\b/i, 'renames something'],
  [/\balter\s+(column\s+)?\S+\s+(set\s+data\s+)?type\b/i, 'changes a type'],
  [/\bset\s+not\s+null\b/i, 'makes a column mandatory'],
  [/\b(truncate|delete\s+from)\b/i, 'deletes rows'],
  [
    /\bdisable\s+row\s+level\s+security\b|\bno\s+force\s+row\s+level\s+security\b/i,
    'opens row-level security',
  ],
];

/**
 * Why a migration is no pure expansion; undefined if it is one. While a release goes through its waves, tenants with and
 * without it share a database, so the schema may only grow.
 */
export function contraction(sql: string): string | undefined {
  const code = sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ').replace(/'(?:[^']|'')*'/g, "''");
  return contracting.find(([pattern]) => pattern.test(code))?.[1];
}

/** The files of migrations/tenant/releases. */
export class ReleaseMigrations {
  constructor(private readonly folder: string) {}

  /**
   * Looks up migrations by file name, with or without `.sql`, to pin them into a release.
   * @throws NotFoundError MIGRATION_NOT_FOUND; InvalidInputError if one has no `-- down` part or does more than expand.
   */
  async pin(names: readonly string[]): Promise<ReleaseMigration[]> {
    const files = new Map((await readMigrations(this.folder)).map((file) => [file.name, file]));
    const wanted = [...new Set(names.map((name) => name.replace(/\.sql$/, '')))].sort();
    return wanted.map((name) => {
      const file = files.get(name);
      if (!file) throw new NotFoundError('migration', name, { field: 'migrations' });
      if (file.down === undefined) {
        throw new InvalidInputError(
          `Migration ${name} has no "-- down" part; a release must be able to roll back.`,
          {
            field: 'migrations',
          },
        );
      }
      const problem = contraction(file.up);
      if (problem) {
        throw new InvalidInputError(
          `Migration ${name} ${problem}; tenants without the release still use the old schema.`,
          {
            field: 'migrations',
            hint: 'Only expand in a release; contract when no tenant needs the old schema.',
          },
        );
      }
      return { name, checksum: file.checksum };
    });
  }

  /** @throws TierdeckError MIGRATION_EDITED if a file is gone or is not what was pinned. */
  async read(pinned: readonly ReleaseMigration[]): Promise<ReversibleMigration[]> {
    const files = new Map((await readMigrations(this.folder)).map((file) => [file.name, file]));
    return pinned.map(({ name, checksum }) => {
      const file = files.get(name);
      if (file?.checksum !== checksum || file.down === undefined) {
        throw new TierdeckError(
          'MIGRATION_EDITED',
          `Migration ${name} is not what it was when the release was made.`,
          500,
          { hint: 'Restore the file, or make a new release.' },
          'operator',
        );
      }
      return { ...file, down: file.down };
    });
  }
}
