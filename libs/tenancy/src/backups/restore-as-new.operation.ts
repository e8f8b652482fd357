import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { StepFailed, type OperationKind, type StepContext, type StepOutcome } from '#operations';
import { loadArchive, verifyArchive, type OpenArchive } from '../archives/index.js';
import { DatabaseClusters } from '../databases/database-clusters.js';
import { DatabaseProvisioner } from '../databases/database-provisioner.js';
import { isolationFlaws } from '../databases/isolation-check.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import type { Placement } from '../tenant.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { readUnits, replaceUnits } from '../units.js';
import { housedTenant } from './back-up-tenant.operation.js';
import { failingAtOnce } from './backups.errors.js';
import { backupsStore } from './backups.store.js';
import { TenantArchives } from './tenant-archives.js';

export const RESTORE_AS_NEW = 'tenant.restore-as-new';

interface RestoreInput {
  backupId: string;
  source: { id: string; slug: string };
  slug: string;
  region: string | null;
  database: Placement;
}

/**
 * Makes a new tenant of an archive. It ends suspended: what the archive had queued, e.g. answers to partners, goes out
 * only once somebody resumes it.
 */
@Injectable()
export class RestoreAsNewOperation implements OperationKind {
  readonly kind = RESTORE_AS_NEW;

  readonly steps = [
    {
      name: 'check-archive',
      title: 'Check the whole archive',
      perform: (context: StepContext) => this.#check(context),
    },
    {
      name: 'reserve-database',
      title: 'Reserve a place for the data',
      perform: (context: StepContext) => this.#place(context),
      record: (command: Command, context: StepContext) => this.#reserve(command, context),
    },
    {
      name: 'create-database',
      title: 'Create database and login role',
      perform: (context: StepContext) => this.#create(context),
      record: (command: Command, context: StepContext) => this.#assign(command, context),
    },
    {
      name: 'load',
      title: 'Restore the rows and compare every table',
      perform: (context: StepContext) => this.#load(context),
    },
    {
      name: 'verify',
      title: 'Verify isolation',
      perform: (context: StepContext) => this.#verify(context),
    },
    {
      name: 'close',
      title: 'Make units known; the tenant waits to be resumed',
      record: (command: Command, context: StepContext) => this.#close(command, context),
    },
  ];

  constructor(
    private readonly tenants: TenantsReadModel,
    private readonly clusters: DatabaseClusters,
    private readonly databases: TenantDatabases,
    private readonly provisioner: DatabaseProvisioner,
    private readonly archives: TenantArchives,
  ) {}

  async onStopped(command: Command, context: StepContext): Promise<void> {
    const reason = await backupsStore.stopReason(command.tx, context.operationId);
    await lockTenant(command.tx, { id: context.tenantId as string });
    await updateTenant(command.tx, context.tenantId as string, { status: 'FAILED' });
    await backupsStore.endRestore(command.tx, context.operationId, 'FAILED', reason);
  }

  async onRetried(command: Command, context: StepContext): Promise<void> {
    const tenant = await lockTenant(command.tx, { id: context.tenantId as string });
    if (tenant.status !== 'FAILED') {
      throw new StepFailed('TENANT_STATUS_CONFLICT', `The tenant is ${tenant.status}.`, 409);
    }
    await updateTenant(command.tx, tenant.id, { status: 'PROVISIONING' });
    await backupsStore.endRestore(command.tx, context.operationId, 'RUNNING');
  }

  async #check(context: StepContext): Promise<void> {
    await failingAtOnce(async () => verifyArchive(await this.#open(context), context.progress.bind(context)));
  }

  async #place(context: StepContext): Promise<StepOutcome> {
    const { region, database, slug } = inputOf(context);
    const { names } = this.provisioner;
    const name = database === 'DEDICATED' ? names.dedicated(slug) : names.pool;
    return { cluster: await this.clusters.placementFor(region), database: name };
  }

  async #reserve(command: Command, context: StepContext): Promise<void> {
    const kind = inputOf(context).database === 'DEDICATED' ? 'DEDICATED' : 'POOLED';
    await this.databases.reserve(
      command,
      String(context.state['cluster']),
      String(context.state['database']),
      kind,
    );
  }

  async #create(context: StepContext): Promise<StepOutcome> {
    const { cluster, database } = context.state as Record<string, string>;
    const { id } = await this.databases.byName(String(cluster), String(database));
    if (inputOf(context).database === 'DEDICATED') await this.databases.createDedicated(id);
    return { databaseId: id };
  }

  async #assign(command: Command, context: StepContext): Promise<void> {
    await updateTenant(command.tx, context.tenantId as string, {
      database_id: String(context.state['databaseId']),
    });
  }

  async #load(context: StepContext): Promise<void> {
    const tenant = await housedTenant(this.tenants, context.tenantId);
    const client = await this.databases.connect(tenant.databaseId);
    try {
      const onProgress = context.progress.bind(context);
      await failingAtOnce(async () =>
        loadArchive(client, {
          archive: await this.#open(context),
          tenantId: tenant.id,
          onProgress,
          beforeCommit: () => onProgress({ message: 'compared' }),
        }),
      );
    } finally {
      await client.end();
    }
  }

  async #verify(context: StepContext): Promise<void> {
    const tenant = await housedTenant(this.tenants, context.tenantId);
    const { role } = await this.databases.login(tenant.databaseId);
    const client = await this.databases.connect(tenant.databaseId);
    try {
      const flaws = await isolationFlaws(client, role);
      if (flaws.length > 0) throw new StepFailed('ISOLATION_BROKEN', flaws.join(' '), 500);
    } finally {
      await client.end();
    }
  }

  async #close(command: Command, context: StepContext): Promise<void> {
    const tenant = await housedTenant(this.tenants, context.tenantId);
    await replaceUnits(command.tx, tenant.id, await this.databases.withTenant(tenant, readUnits));
    await updateTenant(command.tx, tenant.id, { status: 'SUSPENDED' });
    await command.tx.query(`update tenant set suspension = 'ALL' where id = $1`, [tenant.id]);
    await backupsStore.endRestore(command.tx, context.operationId, 'COMPLETE');
    const { backupId, source } = inputOf(context);
    await command.record({
      area: 'tenancy',
      action: 'tenant.restored',
      subject: context.subject,
      tenantId: tenant.id,
      after: { backup: backupId, of: source.slug, status: 'SUSPENDED' },
      correlation: `operation/${context.operationId}`,
    });
  }

  #open(context: StepContext): Promise<OpenArchive> {
    const { source, backupId } = inputOf(context);
    return this.archives.open(source, backupId);
  }
}

function inputOf(context: StepContext): RestoreInput {
  return context.input as unknown as RestoreInput;
}
