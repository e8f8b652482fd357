import { join } from 'node:path';
import { readMigrations, type Migration } from '#platform';

/** The schema every tenant database starts from; a newer one is applied to pool and template at start. */
export function readTenantMigrations(
  folder = join(process.cwd(), 'migrations/tenant'),
): Promise<Migration[]> {
  return readMigrations(folder);
}

/** Migrations that reach the tenants only through a release, wave by wave. */
export function readReleaseMigrations(
  folder = join(process.cwd(), 'migrations/tenant/releases'),
): Promise<Migration[]> {
  return readMigrations(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
