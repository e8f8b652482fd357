import fastify, { type FastifyInstance } from 'fastify';
import { Commands } from '#audit';
import { SdkTokensService, type SdkTokenKind } from '#identity';
import { createLogger, Database, Notifications } from '#platform';
import { TenantsReadModel } from '#tenancy';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { FlagFeed } from './delivery/flag-feed.js';
import { FlagMetrics } from './delivery/flag-metrics.js';
import { SdkAccess } from './delivery/sdk-access.js';
import { SdkTokenCache } from './delivery/sdk-token-cache.js';
import { TenantIdentities } from './delivery/tenant-identities.js';
import { registerUnleashApi } from './delivery/unleash-api.js';
import { FlagsReadModel } from './flags.read-model.js';
import { InstanceReceipts } from './receipts/instance-receipts.js';
import { FlagsService, type NewFlag, type RuleChange } from './flags.service.js';

export const northwindId = '00000000-0000-4000-8000-000000000001';
export const contosoId = '00000000-0000-4000-8000-000000000002';

/** Two tenants with a branch of the same code, and a warehouse and an account for one of them. */
export const exampleTenants = `
  insert into tenant (id, slug, name, plan, status, region, database_placement, worker_placement) values
    ('${northwindId}', 'northwind', 'Northwind Traders', 'standard', 'ACTIVE', 'eu', 'SHARED', 'SHARED'),
    ('${contosoId}', 'contoso', 'Contoso', 'standard', 'ACTIVE', 'us', 'DEDICATED', 'DEDICATED');
  insert into unit (tenant_id, kind, code, name, parent_kind, parent_code) values
    ('${northwindId}', 'BRANCH', 'seattle', 'Seattle', null, null),
    ('${northwindId}', 'BRANCH', 'london', 'London', null, null),
    ('${northwindId}', 'WAREHOUSE', 'w1', 'Kent', 'BRANCH', 'seattle'),
    ('${northwindId}', 'ACCOUNT', 'ALFKI', 'Alfreds Futterkiste', 'BRANCH', 'london'),
    ('${contosoId}', 'BRANCH', 'seattle', 'Seattle', null, null);`;

/** The flags on a real PostgreSQL, served on a free port, put together without Nest. */
export class FlagsFixture {
  private constructor(
    readonly scratch: TestDatabase,
    readonly database: Database,
    readonly notifications: Notifications,
    readonly feed: FlagFeed,
    readonly metrics: FlagMetrics,
    readonly receipts: InstanceReceipts,
    readonly server: FastifyInstance,
    readonly url: string,
    readonly commands: Commands,
    readonly tokens: SdkTokensService,
  ) {}

  readonly service = new FlagsService();
  readonly readModel = new FlagsReadModel(this.database);

  static async start(options: { offerStreaming?: boolean } = {}): Promise<FlagsFixture> {
    const scratch = await createTestDatabase('control-plane');
    const logger = createLogger('test', process.env['TIERDECK_LOG_LEVEL'] ?? 'silent');
    const database = await Database.connect(scratch.url);
    await database.query(exampleTenants);
    const notifications = new Notifications(scratch.url, logger);
    await notifications.start();
    const tokens = new SdkTokensService(database);
    const cache = new SdkTokenCache(tokens);
    const identities = new TenantIdentities(new TenantsReadModel(database));
    const feed = new FlagFeed(database, notifications, cache, identities, logger);
    const metrics = new FlagMetrics(database, logger);
    const receipts = new InstanceReceipts(database, logger);
    receipts.onModuleInit();
    await feed.onModuleInit();
    const server = fastify({ forceCloseConnections: true });
    registerUnleashApi(server, {
      access: new SdkAccess(feed, cache, identities),
      feed,
      metrics,
      receipts,
      logger,
      offerStreaming: options.offerStreaming ?? false,
    });
    const url = await server.listen({ port: 0, host: '127.0.0.1' });
    const commands = new Commands(database);
    return new FlagsFixture(
      scratch,
      database,
      notifications,
      feed,
      metrics,
      receipts,
      server,
      url,
      commands,
      tokens,
    );
  }

  async stop(): Promise<void> {
    await this.server.close();
    this.feed.onModuleDestroy();
    await this.metrics.onModuleDestroy();
    await this.receipts.onModuleDestroy();
    await this.notifications.close();
    await this.database.close();
    await this.scratch.drop();
  }

  create(flag: NewFlag): Promise<{ revision: number }> {
    return this.commands.asSystem('test', (command) => this.service.createFlag(command, flag));
  }

  set(rule: Omit<RuleChange, 'environment'> & { environment?: string }): Promise<{ revision: number }> {
    return this.commands.asSystem('test', (command) =>
      this.service.setRule(command, { environment: 'production', ...rule }),
    );
  }

  async token(
    kind: SdkTokenKind,
    tenantId: string | null = null,
    environment = 'production',
  ): Promise<{ id: string; secret: string }> {
    return this.commands.asSystem('test', (command) =>
      this.tokens.create(command, { name: `${kind} of the test`, kind, environment, tenantId }),
    );
  }

  /** Waits until the feed of an environment serves a revision. */
  async served(revision: number, environment = 'production'): Promise<void> {
    await until(() => (this.feed.environment(environment)?.revision ?? -1) >= revision);
  }
}

/** Looks until something holds; fails after ten seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
