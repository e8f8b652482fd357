/** CURRENT: at the newest base migration. FAILED: the last try to bring it there failed. BEHIND: not tried yet. */
export type FleetStatus = 'CURRENT' | 'BEHIND' | 'FAILED';

/** A tenant database and how far its schema has come. */
export interface FleetDatabase {
  id: string;
  cluster: string;
  name: string;
  kind: 'POOLED' | 'DEDICATED';
  /** The newest base migration that it is known to have; null: nobody has looked yet. */
  version: string | null;
  status: FleetStatus;
  /** Why the last try to migrate it failed. */
  error: string | null;
  migratedAt: Date | null;
}

/** What came of migrating one database. */
export type MigrationOutcome =
  | { database: FleetDatabase; applied: string[]; error?: undefined }
  | { database: FleetDatabase; error: string };

export interface FleetCounts {
  current: number;
  behind: number;
  failed: number;
}
