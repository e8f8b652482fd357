import { resolve } from 'node:path';
import { z } from 'zod';
import { TierdeckError } from './errors.js';

const port = z.coerce.number().int().min(1).max(65_535);
const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\/\S+$/, 'must be a postgres:// URL')
  .optional();

const schema = z.object({
  /** PostgreSQL 15 or newer of the control plane; absent means the embedded one. */
  TIERDECK_DATABASE_URL: postgresUrl,
  TIERDECK_DATA_DIR: z.string().min(1).default('.tierdeck'),
  TIERDECK_HOST: z.string().min(1).default('127.0.0.1'),
  TIERDECK_PORT: port.default(4000),
  TIERDECK_DISTRIBUTION_PORT: port.default(4100),
  /** Port of the embedded PostgreSQL. */
  TIERDECK_POSTGRES_PORT: port.default(4300),
  TIERDECK_ADMIN_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  TIERDECK_TENANTS_DIR: z.string().min(1).default('tenants'),
  /** Most lines of order history that a kit brings along; absent means all. */
  TIERDECK_KIT_MAX_HISTORY: z.coerce.number().int().min(1).optional(),
  TIERDECK_REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\/\S+$/, 'must be a redis:// URL')
    .optional(),
  /** Which parts of the control plane this process runs. */
  TIERDECK_ROLES: z
    .string()
    .regex(/^(api|reconciler)(,(api|reconciler))*$/, 'must name roles out of api, reconciler')
    .default('api,reconciler'),
  /** How long a tenant that has moved to another database may go back, in seconds; up to a week. */
  TIERDECK_MOVE_UNDO_SECONDS: z.coerce.number().int().min(0).max(604_800).default(3_600),
  /** Share of the time that copying, comparing and erasing of a move may take of a server, in percent. */
  TIERDECK_MOVE_PACE_PERCENT: z.coerce.number().int().min(5).max(100).default(25),
  TIERDECK_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** 32 bytes as 64 hexadecimal digits: encrypts secrets at rest. Absent: generated in the data directory. */
  TIERDECK_MASTER_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits')
    .optional(),
  /** Tenant databases that are migrated at once. */
  TIERDECK_FLEET_WIDTH: z.coerce.number().int().min(1).max(16).default(8),
  /** Databases kept ready on each cluster for tenants to come; 0: none. */
  TIERDECK_PREPARED_DATABASES: z.coerce.number().int().min(0).max(50).default(1),
  /** How long the data of an offboarded tenant is kept unless the offboarding says otherwise, in hours. */
  TIERDECK_RETENTION_HOURS: z.coerce.number().min(0).max(87_600).default(168),
  /** Whether flag SDKs with default settings are told to stream instead of polling. */
  TIERDECK_FLAG_STREAMING: z.enum(['on', 'off']).default('on'),
});

export interface Configuration {
  databaseUrl: string | undefined;
  dataDir: string;
  host: string;
  port: number;
  distributionPort: number;
  postgresPort: number;
  adminToken: string | undefined;
  tenantsDir: string;
  /** Migrations of the tenants' databases; those of releases in its folder `releases`. */
  tenantMigrationsDir: string;
  kitMaxHistory: number | undefined;
  redisUrl: string | undefined;
  roles: ReadonlySet<'api' | 'reconciler'>;
  moveUndoSeconds: number;
  movePacePercent: number;
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  masterKey: string | undefined;
  fleetWidth: number;
  preparedDatabases: number;
  retentionHours: number;
  flagStreaming: boolean;
}

/**
 * Reads and checks every TIERDECK_ variable.
 * @throws TierdeckError CONFIGURATION_INVALID with one line that names the variable and the mend.
 */
export function loadConfiguration(env: NodeJS.ProcessEnv = process.env): Configuration {
  const known = Object.fromEntries(Object.keys(schema.shape).map((key) => [key, env[key] || undefined]));
  const parsed = schema.safeParse(known);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new TierdeckError('CONFIGURATION_INVALID', problems.join('; '), 500, {}, 'operator');
  }
  const v = parsed.data;
  return {
    databaseUrl: v.TIERDECK_DATABASE_URL,
    dataDir: resolve(v.TIERDECK_DATA_DIR),
    host: v.TIERDECK_HOST,
    port: v.TIERDECK_PORT,
    distributionPort: v.TIERDECK_DISTRIBUTION_PORT,
    postgresPort: v.TIERDECK_POSTGRES_PORT,
    adminToken: v.TIERDECK_ADMIN_TOKEN,
    tenantsDir: resolve(v.TIERDECK_TENANTS_DIR),
    tenantMigrationsDir: resolve('migrations/tenant'),
    kitMaxHistory: v.TIERDECK_KIT_MAX_HISTORY,
    redisUrl: v.TIERDECK_REDIS_URL,
    roles: new Set(v.TIERDECK_ROLES.split(',') as ('api' | 'reconciler')[]),
    moveUndoSeconds: v.TIERDECK_MOVE_UNDO_SECONDS,
    movePacePercent: v.TIERDECK_MOVE_PACE_PERCENT,
    logLevel: v.TIERDECK_LOG_LEVEL,
    masterKey: v.TIERDECK_MASTER_KEY,
    fleetWidth: v.TIERDECK_FLEET_WIDTH,
    preparedDatabases: v.TIERDECK_PREPARED_DATABASES,
    retentionHours: v.TIERDECK_RETENTION_HOURS,
    flagStreaming: v.TIERDECK_FLAG_STREAMING === 'on',
  };
}

/** Nest injection token of the {@link Configuration}. */
export const CONFIGURATION = Symbol('Configuration');
