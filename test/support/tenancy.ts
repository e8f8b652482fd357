import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IdentityModule } from '#identity';
import { OperationsModule, OperationsReconciler, type OperationsService } from '#operations';
import { loadConfiguration, type Configuration, type Database } from '#platform';
import {
  clusterOfUrl,
  ManifestsService,
  TenancyModule,
  TenantDatabases,
  TenantManifestParts,
  TenantsReadModel,
  TenantsService,
  type AppliedManifests,
} from '#tenancy';
import { openFoundation, type Foundation } from '../../apps/control-plane/src/foundation.js';
import { FoundationModule } from '../../apps/control-plane/src/foundation.module.js';

/** Every test process must open what another has sealed. */
const testMasterKey = '7'.repeat(64);

export interface TenancyOptions {
  tenantsDir?: string;
  /** Longest time a killed holder keeps an operation. */
  leaseMs?: number;
  reconcile?: boolean;
  /** Server of the tenants' databases; default that of the control plane. */
  clusterUrl?: string;
  /** What else of the configuration is not as by default, e.g. another folder of migrations. */
  configuration?: Partial<Configuration>;
}

/** The tenancy domain on a control-plane database, with a reconciler, without HTTP. */
export class TestTenancy {
  #reconciler: OperationsReconciler | undefined;

  private constructor(
    readonly app: INestApplicationContext,
    readonly foundation: Foundation,
    private readonly leaseMs: number,
    private readonly dataDir: string,
  ) {}

  static async start(databaseUrl: string, options: TenancyOptions = {}): Promise<TestTenancy> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-tenancy-'));
    const configuration = loadConfiguration({
      TIERDECK_DATABASE_URL: databaseUrl,
      TIERDECK_DATA_DIR: dataDir,
      TIERDECK_TENANTS_DIR: options.tenantsDir ?? 'tenants',
      TIERDECK_MASTER_KEY: testMasterKey,
      TIERDECK_LOG_LEVEL: 'silent',
    });
    const foundation = await openFoundation({ ...configuration, ...options.configuration });
    @Module({
      imports: [FoundationModule.forRoot(foundation), IdentityModule, OperationsModule, TenancyModule],
    })
    class TestModule {}
    const app = await NestFactory.createApplicationContext(TestModule, {
      logger: false,
      abortOnError: false,
    });
    await app
      .get(TenantDatabases)
      .ensureCluster(clusterOfUrl('local', 'eu', options.clusterUrl ?? databaseUrl));
    const tenancy = new TestTenancy(app, foundation, options.leaseMs ?? 5_000, dataDir);
    if (options.reconcile !== false) await tenancy.reconcile();
    return tenancy;
  }

  /** Starts to perform operations, unless the start has done so; also after a {@link rest}. */
  async reconcile(): Promise<void> {
    const { operations, logger, notifications } = this.foundation;
    this.#reconciler = new OperationsReconciler(operations, logger, { pollMs: 50, leaseMs: this.leaseMs });
    await this.#reconciler.start(notifications);
  }

  /** Performs no operation any more: another process shall. */
  async rest(): Promise<void> {
    await this.#reconciler?.stop();
  }

  /** Performs operations until this one has ended: what another process left is brought to its end here. */
  async perform(operation: string, timeoutMs = 60_000): Promise<string> {
    await this.reconcile();
    try {
      return await this.operations.settled(operation, timeoutMs);
    } finally {
      await this.rest();
    }
  }

  get database(): Database {
    return this.foundation.database;
  }

  get operations(): OperationsService {
    return this.foundation.operations;
  }

  get tenants(): TenantsService {
    return this.app.get(TenantsService);
  }

  get readModel(): TenantsReadModel {
    return this.app.get(TenantsReadModel);
  }

  get databases(): TenantDatabases {
    return this.app.get(TenantDatabases);
  }

  get manifests(): ManifestsService {
    return this.app.get(ManifestsService);
  }

  get parts(): TenantManifestParts {
    return this.app.get(TenantManifestParts);
  }

  /** Applies manifests, as the control plane does at its start. */
  apply(...contents: string[]): Promise<AppliedManifests> {
    const files = contents.map((content, i) => ({ file: `${i}.yaml`, content }));
    return this.foundation.commands.asSystem('test', (command) => this.manifests.apply(command, files));
  }

  /** Applies the manifest of one tenant and waits until its operation has ended. @returns its id. */
  async onboard(manifest: string, timeoutMs = 60_000): Promise<string> {
    const { changes, operationIds } = await this.apply(manifest);
    const slug = changes[0]?.name ?? '';
    for (const id of operationIds) {
      const status = await this.operations.settled(id, timeoutMs);
      if (status !== 'SUCCEEDED') throw new Error(`onboarding of ${slug} ended ${status}`);
    }
    return (await this.readModel.bySlug(slug)).id;
  }

  /** Reports as a data-plane process does; a worker of one tenant alone names it. */
  async heartbeat(service: string, tenantId: string | null, appliedRevision = 1_000_000): Promise<string> {
    const id = randomUUID();
    await this.database.query(
      `insert into runtime_instance (id, service, tenant_id, applied_revision, started_at, seen_at)
       values ($1, $2, $3, $4, now(), now())`,
      [id, service, tenantId, appliedRevision],
    );
    return id;
  }

  async stop(): Promise<void> {
    await this.rest();
    await this.app.close();
    await this.foundation.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** A manifest of a tenant, small enough to read in a test. */
export function tenantManifest(slug: string, spec: Record<string, unknown> = {}): string {
  return JSON.stringify({
    apiVersion: 'tierdeck/v1',
    kind: 'Tenant',
    metadata: { slug, labels: { region: 'eu' } },
    spec: { name: `Tenant ${slug}`, data: { kit: 'northwind' }, ...spec },
  });
}
