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
import { FlagListReadModel } from './flag-list.read-model.js';
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

/** One replica. */
export interface Serving {
  feed: FlagFeed;
  server: FastifyInstance;
  url: string;
}

interface Parts {
  database: Database;
  notifications: Notifications;
  tokens: SdkTokensService;
  metrics: FlagMetrics;
  receipts: InstanceReceipts;
  offerStreaming: boolean;
}

async function serve(parts: Parts, port: number): Promise<Serving> {
  const { database, notifications, tokens, metrics, receipts, offerStreaming } = parts;
  const logger = createLogger('test', process.env['TIERDECK_LOG_LEVEL'] ?? 'silent');
  const cache = new SdkTokenCache(tokens);
  const identities = new TenantIdentities(new TenantsReadModel(database));
  const feed = new FlagFeed(database, notifications, cache, identities, logger);
  await feed.onModuleInit();
  const server = fastify({ forceCloseConnections: true });
  const access = new SdkAccess(feed, cache, identities);
  registerUnleashApi(server, { access, feed, metrics, receipts, logger, offerStreaming });
  const url = await server.listen({ port, host: '127.0.0.1' });
  return { feed, server, url };
}

/** The flags on a real PostgreSQL, served on a free port, put together without Nest. */
export class FlagsFixture {
  private constructor(
    readonly scratch: TestDatabase,
    readonly database: Database,
    readonly notifications: Notifications,
    readonly metrics: FlagMetrics,
    readonly receipts: InstanceReceipts,
    readonly commands: Commands,
    readonly tokens: SdkTokensService,
    readonly offerStreaming: boolean,
    private serving: Serving,
  ) {}

  readonly #replicas: Serving[] = [];
  readonly service = new FlagsService();
  readonly readModel = new FlagsReadModel(this.database);
  readonly list = new FlagListReadModel(this.database);

  static async start(options: { offerStreaming?: boolean } = {}): Promise<FlagsFixture> {
    const scratch = await createTestDatabase('control-plane');
    const logger = createLogger('test', process.env['TIERDECK_LOG_LEVEL'] ?? 'silent');
    const database = await Database.connect(scratch.url);
    await database.query(exampleTenants);
    const notifications = new Notifications(scratch.url, logger);
    await notifications.start();
    const tokens = new SdkTokensService(database);
    const metrics = new FlagMetrics(database, logger);
    const receipts = new InstanceReceipts(database, logger);
    receipts.onModuleInit();
    const offerStreaming = options.offerStreaming ?? false;
    const parts = { database, notifications, tokens, metrics, receipts, offerStreaming };
    const serving = await serve(parts, 0);
    const commands = new Commands(database);
    return new FlagsFixture(
      scratch,
      database,
      notifications,
      metrics,
      receipts,
      commands,
      tokens,
      offerStreaming,
      serving,
    );
  }

  get feed(): FlagFeed {
    return this.serving.feed;
  }

  get server(): FastifyInstance {
    return this.serving.server;
  }

  get url(): string {
    return this.serving.url;
  }

  /** As if the process was started anew: nothing in memory is kept, the address is. */
  async restartServer(changed: { offerStreaming?: boolean } = {}): Promise<void> {
    const { database, notifications, tokens, metrics, receipts, offerStreaming } = this;
    const parts = { database, notifications, tokens, metrics, receipts, offerStreaming, ...changed };
    const { server, feed, url } = this.serving;
    await server.close();
    feed.onModuleDestroy();
    this.serving = await serve(parts, Number(new URL(url).port));
  }

  /** Another replica, which no notice reaches; its database may fail by itself. */
  async replica(database: Database): Promise<Serving> {
    const { metrics, receipts, offerStreaming } = this;
    const notifications = { subscribe: () => Promise.resolve(() => undefined) } as unknown as Notifications;
    const tokens = new SdkTokensService(database);
    const replica = await serve({ database, notifications, tokens, metrics, receipts, offerStreaming }, 0);
    this.#replicas.push(replica);
    return replica;
  }

  async stop(): Promise<void> {
    for (const { server, feed } of [...this.#replicas, this.serving]) {
      await server.close();
      feed.onModuleDestroy();
    }
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
