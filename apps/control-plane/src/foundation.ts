import { Commands } from '#audit';
import { SdkTokensService, TokensService } from '#identity';
import { OperationsReconciler, OperationsService } from '#operations';
import {
  createLogger,
  Database,
  migrate,
  Notifications,
  randomSecret,
  readMigrations,
  SecretBox,
  secretFile,
  TierdeckError,
  type Configuration,
  type Logger,
} from '#platform';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';

/** What every domain of the control plane stands on; made once, before Nest. */
export interface Foundation {
  configuration: Configuration & { databaseUrl: string };
  logger: Logger;
  database: Database;
  notifications: Notifications;
  secretBox: SecretBox;
  commands: Commands;
  tokens: TokensService;
  sdkTokens: SdkTokensService;
  operations: OperationsService;
  operationsReconciler: OperationsReconciler;
  close(): Promise<void>;
}

/**
 * Brings the control-plane database to the newest migration, connects to it and makes the administrator's token valid.
 * @throws TierdeckError DATABASE_URL_MISSING, DATABASE_UNREACHABLE, MIGRATION_FAILED
 */
export async function openFoundation(configuration: Configuration): Promise<Foundation> {
  const databaseUrl = configuration.databaseUrl;
  if (!databaseUrl) {
    throw new TierdeckError('DATABASE_URL_MISSING', 'TIERDECK_DATABASE_URL is not set.', 500, {
      hint: '"npm start" brings its own PostgreSQL; the control plane alone needs the variable.',
    });
  }
  const logger = createLogger('control-plane', configuration.logLevel);
  await migrateControlPlane(databaseUrl);
  const database = await Database.connect(databaseUrl, [], 20);
  const notifications = new Notifications(databaseUrl, logger);
  await notifications.start();
  const masterKey =
    configuration.masterKey ??
    (await secretFile(configuration.dataDir, 'master-key', () => randomBytes(32).toString('hex')));
  const commands = new Commands(database);
  const tokens = new TokensService(database);
  const operations = new OperationsService(commands, database);
  const adminToken =
    configuration.adminToken ??
    (await secretFile(configuration.dataDir, 'admin-token', () => `tierdeck_admin_${randomSecret()}`));
  await commands.asSystem('start', (command) => tokens.ensureBootstrap(command, adminToken));
  return {
    configuration: { ...configuration, databaseUrl },
    logger,
    database,
    notifications,
    secretBox: new SecretBox(masterKey),
    commands,
    tokens,
    sdkTokens: new SdkTokensService(database),
    operations,
    operationsReconciler: new OperationsReconciler(operations, logger),
    close: async () => {
      await notifications.close();
      await database.close();
    },
  };
}

async function migrateControlPlane(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'tierdeck-migrate' });
  try {
    await client.connect();
  } catch (cause) {
    const { host } = new URL(url);
    throw new TierdeckError(
      'DATABASE_UNREACHABLE',
      `PostgreSQL at ${host} cannot be reached: ${(cause as Error).message}`,
      503,
      { cause, hint: 'Check TIERDECK_DATABASE_URL.' },
      'operator',
    );
  }
  try {
    await migrate(client, await readMigrations(join(process.cwd(), 'migrations/control-plane')));
  } finally {
    await client.end();
  }
}
