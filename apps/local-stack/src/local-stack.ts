import { join } from 'node:path';
import pg from 'pg';
import { randomSecret, secretFile, type Configuration, type Logger, type Stoppable } from '#platform';
import { ControlPlaneClient } from './control-plane-client.js';
import { DataPlaneTokens } from './data-plane-tokens.js';
import { refuseTakenPort } from './ports.js';
import { PostgresProcess } from './postgres-process.js';
import { ServiceProcess } from './service-process.js';
import { StackLock } from './stack-lock.js';
import { followOperations, readTenants, tenantTable } from './stack-report.js';
import { WorkerSupervisor } from './worker-supervisor.js';

/**
 * All of Tierdeck on one machine: PostgreSQL, control plane, reference data plane, integration workers.
 * Started in order, stopped in the reverse order; what began is stopped also when a later part fails.
 */
export class LocalStack implements Stoppable {
  readonly #stops: (() => Promise<void>)[] = [];
  #stopped = false;
  #stopping: Promise<void> | undefined;

  constructor(
    private readonly configuration: Configuration,
    private readonly logger: Logger,
    private readonly write: (line: string) => void,
  ) {}

  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.stop();
      await this.#stopAll();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping ??= this.#stopAll();
    await this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) {
      await stop().catch((error: unknown) => this.logger.error({ err: error }, 'stop failed'));
    }
  }

  /** Notes how to stop what is about to start; gives up if a stop was asked for meanwhile. */
  #owns(stop: () => Promise<void>): void {
    this.#stops.push(stop);
    if (this.#stopped) throw new Error('stopped while starting');
  }

  async #start(): Promise<void> {
    const { dataDir, host, port, distributionPort } = this.configuration;
    const startedAt = Date.now();
    const lock = await StackLock.take(dataDir);
    this.#owns(() => lock.release());
    const patienceMs = lock.recovered ? 20_000 : 0;
    await refuseTakenPort(host, port, 'TIERDECK_PORT', patienceMs);
    await refuseTakenPort(host, distributionPort, 'TIERDECK_DISTRIBUTION_PORT', patienceMs);

    const databaseUrl = this.configuration.databaseUrl ?? (await this.#startPostgres());
    const adminToken =
      this.configuration.adminToken ??
      (await secretFile(dataDir, 'admin-token', () => `tierdeck_admin_${randomSecret()}`));
    const url = `http://${host}:${port}`;
    const client = new ControlPlaneClient(url, adminToken);
    const tokens = new DataPlaneTokens(client, dataDir);

    this.write('Starting the control plane …');
    const controlPlane = this.#startService('control-plane', {
      TIERDECK_DATABASE_URL: databaseUrl,
      TIERDECK_ADMIN_TOKEN: adminToken,
      TIERDECK_DATA_DIR: dataDir,
    });
    // Only the first start needs the control plane to make the tokens: after that all start side by side, since a data
    // plane starts from its snapshot and catches up.
    if (await tokens.areKept()) controlPlane.catch(() => undefined);
    else await controlPlane;

    this.write('Starting data plane and integration workers …');
    const dataPlane = {
      TIERDECK_URL: url,
      TIERDECK_RUNTIME_TOKEN: await tokens.runtime(),
      TIERDECK_SDK_TOKEN: await tokens.sdk(),
      TIERDECK_DATA_DIR: dataDir,
      TIERDECK_DISTRIBUTION_PORT: String(distributionPort),
    };
    const workers = new WorkerSupervisor(
      { controlPlaneUrl: url, runtimeToken: dataPlane.TIERDECK_RUNTIME_TOKEN, dataDir, env: dataPlane },
      this.logger,
    );
    this.#owns(() => workers.stop());
    await Promise.all([controlPlane, this.#startService('distribution', dataPlane), workers.start()]);

    const failed = await followOperations(client, this.write, () => this.#stopped);
    const tenants = await readTenants(client);
    for (const { slug, status } of tenants) {
      if (status === 'ACTIVE') await tokens.tenant(slug);
    }
    this.write(`\n${tenantTable(tenants)}\n`);
    this.write(`  console and GraphQL  ${url}   (GraphQL at /graphql)`);
    this.write(`  data plane           http://${host}:${distributionPort}`);
    this.write(`  admin token          ${join(dataDir, 'admin-token')}`);
    this.write(`  tenant tokens        ${join(dataDir, 'tenant-tokens')}/<tenant>`);
    this.write(`  logs                 ${join(dataDir, 'logs')}`);
    if (failed.length > 0) {
      this.write(`\n${failed.length} operation(s) failed; retry with: tierdeck operation retry <id>`);
    }
    this.write(`\nReady in ${((Date.now() - startedAt) / 1000).toFixed(1)} s. Ctrl-C stops everything.`);
  }

  async #startPostgres(): Promise<string> {
    const { dataDir, postgresPort } = this.configuration;
    this.write('Starting PostgreSQL …');
    const postgres = await PostgresProcess.start({ dataDir, port: postgresPort }, this.logger);
    this.#owns(() => postgres.stop());
    await createDatabaseOnce(postgres.url(), 'tierdeck');
    return postgres.url('tierdeck');
  }

  async #startService(name: 'control-plane' | 'distribution', env: Record<string, string>): Promise<void> {
    const entry = `apps/${name}/src/main.js`;
    const service = new ServiceProcess({ name, entry, env }, this.configuration.dataDir, this.logger);
    this.#owns(() => service.stop());
    await service.start();
  }
}

async function createDatabaseOnce(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (!rowCount) await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
