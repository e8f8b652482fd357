import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import pg from 'pg';
import { CONFIGURATION, Database, migrate, type Configuration } from '#platform';
import { ArchiveSchemaError, type ArchiveManifest } from '../archives/index.js';
import { DatabaseClusters } from '../databases/database-clusters.js';
import { TenantSchema } from '../databases/tenant-schema.js';
import { readReleaseMigrations } from '../databases/tenant-migrations.js';

/** Where a scratch database is. */
export interface ScratchDatabase {
  cluster: string;
  name: string;
}

/** Databases that are made to hold one archive: with exactly its migrations, and no login but the administrator's. */
@Injectable()
export class ScratchDatabases {
  constructor(
    private readonly database: Database,
    private readonly clusters: DatabaseClusters,
    private readonly schema: TenantSchema,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /**
   * Makes an empty database; what an earlier try has left under the name goes.
   * @throws ArchiveSchemaError if this version lacks a migration of the archive.
   */
  async create(cluster: string, name: string, manifest: ArchiveManifest): Promise<void> {
    const known = [...(await this.schema.base()), ...(await this.#released())];
    const migrations = manifest.migrations.map(({ name, checksum }) => {
      const migration = known.find((one) => one.name === name && one.checksum === checksum);
      if (!migration)
        throw new ArchiveSchemaError(manifest.id, `needs migration ${name}, which this version lacks`);
      return migration;
    });
    await this.drop(cluster, name);
    const quoted = pg.escapeIdentifier(name);
    await this.clusters.asAdmin(cluster, 'postgres', async (admin) => {
      // Whoever came in before that is taken back would stay.
      await admin.query(`create database ${quoted} template template0 allow_connections false`);
      await admin.query(`revoke all on database ${quoted} from public`);
      await admin.query(`alter database ${quoted} allow_connections true`);
    });
    await this.clusters.asAdmin(cluster, name, (client) => migrate(client, migrations));
  }

  async connect(cluster: string, name: string): Promise<pg.Client> {
    return this.clusters.connectAdmin(cluster, name);
  }

  /** Repeated, it changes nothing. */
  async drop(cluster: string, name: string): Promise<void> {
    await this.clusters.asAdmin(cluster, 'postgres', async (admin) => {
      await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    });
  }

  /** Those that are there with a tenant's archive in them, whatever became of the operation that made them. */
  async ofTenant(tenantId: string): Promise<ScratchDatabase[]> {
    const made = await this.database.query<ScratchDatabase>(
      `select cluster, database_name as name from tenant_restore where tenant_id = $1 and mode = 'SIDE_BY_SIDE'`,
      [tenantId],
    );
    const drills = await this.database.query<{ cluster: string; id: string }>(
      `select o.input->>'cluster' as cluster, d.id from restore_drill d join operation o on o.id = d.id
       where d.tenant_id = $1`,
      [tenantId],
    );
    const all = [...made, ...drills.map(({ cluster, id }) => ({ cluster, name: scratchName('drill', id) }))];
    const there: ScratchDatabase[] = [];
    for (const cluster of new Set(all.map((one) => one.cluster))) {
      const names = all.filter((one) => one.cluster === cluster).map(({ name }) => name);
      const { rows } = await this.clusters.asKeptAdmin(cluster, 'postgres', (admin) =>
        admin.query<{ name: string }>('select datname as name from pg_database where datname = any($1)', [
          names,
        ]),
      );
      there.push(...rows.map(({ name }) => ({ cluster, name })));
    }
    return there;
  }

  #released(): ReturnType<typeof readReleaseMigrations> {
    return readReleaseMigrations(join(this.configuration.tenantMigrationsDir, 'releases'));
  }
}

/** Name of a scratch database: the id makes it unique on any server. */
export function scratchName(purpose: 'aside' | 'drill', id: string): string {
  return `tierdeck_${purpose}_${id.replaceAll('-', '').slice(0, 16)}`;
}
