import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientBase } from 'pg';
import { contentDigest } from '#audit';
import { CONFIGURATION, migrate, type Configuration, type Migration } from '#platform';
import { readReleaseMigrations, readTenantMigrations } from './tenant-migrations.js';

/** What the base migrations of this version come to. */
export interface SchemaVersion {
  /** Name of the newest. */
  name: string;
  digest: string;
}

/** Longest a migration waits for a lock: behind it, every query of the table would queue. */
const lockTimeoutMs = 3_000;

/** The schema that tenant databases of this version have. */
@Injectable()
export class TenantSchema {
  #base: Promise<Migration[]> | undefined;

  constructor(@Inject(CONFIGURATION) private readonly configuration: Configuration) {}

  /** The migrations that every database has; read once, since they belong to the version that runs. */
  base(): Promise<Migration[]> {
    this.#base ??= readTenantMigrations(this.configuration.tenantMigrationsDir);
    return this.#base;
  }

  async version(): Promise<SchemaVersion> {
    const base = await this.base();
    return { name: base.at(-1)?.name ?? '', digest: digestOf(base) };
  }

  /** The base migrations, and those of releases that this database has already seen. */
  async migrationsFor(client: ClientBase): Promise<Migration[]> {
    return this.#migrationsOf(await appliedTo(client));
  }

  /**
   * Brings a database that may be in use to the newest base migration; what a release brought stays.
   * @returns the names that were applied now.
   * @throws TierdeckError MIGRATION_FAILED, also if a lock cannot be had within 3 s; DATABASE_NEWER; MIGRATION_EDITED
   */
  async bringForward(client: ClientBase): Promise<string[]> {
    await client.query(`set lock_timeout = ${lockTimeoutMs}`);
    return migrate(client, (applied) => this.#migrationsOf(applied));
  }

  async #migrationsOf(applied: ReadonlySet<string>): Promise<Migration[]> {
    const base = await this.base();
    const known = new Set(base.map(({ name }) => name));
    if ([...applied].every((name) => known.has(name))) return [...base];
    const folder = join(this.configuration.tenantMigrationsDir, 'releases');
    const released = (await readReleaseMigrations(folder)).filter(({ name }) => applied.has(name));
    return [...base, ...released].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** Tells one list of migrations from another. */
export function digestOf(migrations: readonly Migration[]): string {
  return contentDigest(migrations.map(({ name, checksum }) => [name, checksum]));
}

async function appliedTo(client: ClientBase): Promise<Set<string>> {
  const { rows: ledger } = await client.query<{ present: boolean }>(
    `select to_regclass('schema_migration') is not null as present`,
  );
  if (!ledger[0]?.present) return new Set();
  const { rows } = await client.query<{ name: string }>('select name from schema_migration');
  return new Set(rows.map(({ name }) => name));
}
