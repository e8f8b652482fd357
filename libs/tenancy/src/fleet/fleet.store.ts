import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { Database, decodeCursor, pageSize, toConnection, type Connection, type PageArgs } from '#platform';
import { TenantSchema } from '../databases/tenant-schema.js';
import type { FleetCounts, FleetDatabase, FleetStatus, MigrationOutcome } from './fleet-database.js';

interface FleetRow {
  id: string;
  cluster: string;
  name: string;
  kind: 'POOLED' | 'DEDICATED';
  schema_version: string | null;
  status: FleetStatus;
  migration_error: string | null;
  migrated_at: Date | null;
}

/** $1 is the digest of the newest base migrations. */
const status = `case when schema_digest = $1 then 'CURRENT' when migration_error is not null then 'FAILED' else 'BEHIND' end`;

/**
 * What is known of each database's schema. The ledger inside the database has the last word; this spares opening
 * hundreds of them to find out that nothing is to be done.
 */
@Injectable()
export class FleetStore {
  constructor(
    private readonly database: Database,
    private readonly schema: TenantSchema,
  ) {}

  /** Databases that are not known to be at the newest migration, of all or of the named ones. */
  async behind(ids?: readonly string[]): Promise<FleetDatabase[]> {
    const { digest } = await this.schema.version();
    const rows = await this.database.query<FleetRow>(
      `select *, ${status} as status from tenant_database
       where schema_digest is distinct from $1 and ($2::uuid[] is null or id = any($2)) order by cluster, name`,
      [digest, ids ?? null],
    );
    return rows.map(toFleetDatabase);
  }

  async byIds(ids: readonly string[]): Promise<FleetDatabase[]> {
    const { digest } = await this.schema.version();
    const rows = await this.database.query<FleetRow>(
      `select *, ${status} as status from tenant_database where id = any($2) order by cluster, name`,
      [digest, ids],
    );
    return rows.map(toFleetDatabase);
  }

  async counts(): Promise<FleetCounts> {
    const { digest } = await this.schema.version();
    const rows = await this.database.query<{ status: FleetStatus; count: number }>(
      `select ${status} as status, count(*)::int as count from tenant_database group by 1`,
      [digest],
    );
    const of = (wanted: FleetStatus): number => rows.find((row) => row.status === wanted)?.count ?? 0;
    return { current: of('CURRENT'), behind: of('BEHIND'), failed: of('FAILED') };
  }

  async page(wanted: FleetStatus[] | null, args: PageArgs): Promise<Connection<FleetDatabase>> {
    const { digest } = await this.schema.version();
    const matches = `($2::text[] is null or ${status} = any($2))`;
    const rows = await this.database.query<FleetRow>(
      `select *, ${status} as status from tenant_database
       where ${matches} and ($3::text is null or (cluster || '/' || name) > $3)
       order by cluster || '/' || name limit $4`,
      [digest, wanted, decodeCursor(args.after) ?? null, pageSize(args) + 1],
    );
    const [count] = await this.database.query<{ count: number }>(
      `select count(*)::int as count from tenant_database where ${matches}`,
      [digest, wanted],
    );
    const key = ({ cluster, name }: FleetDatabase): string => `${cluster}/${name}`;
    return toConnection(rows.map(toFleetDatabase), args, count?.count ?? 0, key);
  }

  /** Slugs of the tenants in each database, for data loaders. */
  async tenantsOf(ids: readonly string[]): Promise<string[][]> {
    const rows = await this.database.query<{ database_id: string; slug: string }>(
      `select database_id, slug from tenant where database_id = any($1) order by slug limit 10000`,
      [ids],
    );
    return ids.map((id) => rows.filter((row) => row.database_id === id).map(({ slug }) => slug));
  }

  /** Writes down what came of a number of databases, in one transaction. */
  async record(tx: Command['tx'], outcomes: readonly MigrationOutcome[]): Promise<void> {
    const { digest, name } = await this.schema.version();
    const ids = (some: readonly MigrationOutcome[]): string[] => some.map(({ database }) => database.id);
    const failed = outcomes.filter(({ error }) => error !== undefined);
    await tx.query(
      `update tenant_database set schema_digest = $2, schema_version = $3, migration_error = null, migrated_at = now()
       where id = any($1)`,
      [ids(outcomes.filter(({ error }) => error === undefined)), digest, name],
    );
    await tx.query(
      `update tenant_database d set migration_error = f.error
       from unnest($1::uuid[], $2::text[]) as f (id, error) where d.id = f.id`,
      [ids(failed), failed.map(({ error }) => error)],
    );
  }
}

function toFleetDatabase(row: FleetRow): FleetDatabase {
  return {
    id: row.id,
    cluster: row.cluster,
    name: row.name,
    kind: row.kind,
    version: row.schema_version,
    status: row.status,
    error: row.migration_error,
    migratedAt: row.migrated_at,
  };
}
