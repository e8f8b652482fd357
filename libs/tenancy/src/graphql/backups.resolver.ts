import { Args, Context, Int, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Commands, type Actor, type Command } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { OperationsReadModel, type OperationType } from '#operations';
import { InvalidInputError, requestLoader } from '#platform';
import type { EffectivePolicy } from '../backups/backup-policies.js';
import { BackupPolicies } from '../backups/backup-policies.js';
import type { Backup, BackupFreshness, Drill, DrillState, Restore } from '../backups/backup.js';
import { BackupsReadModel } from '../backups/backups.read-model.js';
import { BackupsService } from '../backups/backups.service.js';
import { TenantKeys, type TenantKeyInfo } from '../keys/index.js';
import type { Tenant } from '../tenant.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import {
  BackupFreshnessEnum,
  BackupPolicyType,
  BackUpTenantInput,
  BackUpTenantPayload,
  DrillStateEnum,
  RestoreDrillType,
  RestoreTenantInput,
  RestoreTenantPayload,
  RotateTenantKeyInput,
  RotateTenantKeyPayload,
  RunRestoreDrillInput,
  RunRestoreDrillPayload,
  SetBackupPolicyInput,
  SetBackupPolicyPayload,
  TenantBackupType,
  TenantKeyVersionType,
  TenantRestoreType,
} from './backup.type.js';
import { TenantType } from './tenant.type.js';

const listArgument = { type: () => Int, nullable: true, description: '1 to 500; 50 if not given.' } as const;

/** How a tenant is backed up; in a list all tenants share the reads of their standing. */
@Resolver(() => TenantType)
export class TenantBackupsResolver {
  readonly #standings = requestLoader((ids: readonly string[]) => this.readModel.standings(ids));

  constructor(
    private readonly readModel: BackupsReadModel,
    private readonly keys: TenantKeys,
  ) {}

  @ResolveField('lastBackupAt', () => Date, {
    nullable: true,
    description: 'The state that the newest archive holds.',
  })
  async lastBackupAt(@Parent() tenant: Tenant, @Context() context: object): Promise<Date | null> {
    return (await this.#standings(context).load(tenant.id)).lastBackupAt;
  }

  @ResolveField('backupFreshness', () => BackupFreshnessEnum)
  async backupFreshness(@Parent() tenant: Tenant, @Context() context: object): Promise<BackupFreshness> {
    return (await this.#standings(context).load(tenant.id)).backupFreshness;
  }

  @ResolveField('drillState', () => DrillStateEnum)
  async drillState(@Parent() tenant: Tenant, @Context() context: object): Promise<DrillState> {
    return (await this.#standings(context).load(tenant.id)).drillState;
  }

  @ResolveField('backupPolicy', () => BackupPolicyType)
  async backupPolicy(@Parent() tenant: Tenant, @Context() context: object): Promise<EffectivePolicy> {
    return (await this.#standings(context).load(tenant.id)).policy;
  }

  @ResolveField('backups', () => [TenantBackupType], { description: 'The newest first.' })
  backups(@Parent() tenant: Tenant, @Args('first', listArgument) first?: number | null): Promise<Backup[]> {
    return this.readModel.backups(tenant.id, first ?? 50);
  }

  @ResolveField('restores', () => [TenantRestoreType], {
    description: 'Of its archives or into it; the newest first.',
  })
  restores(@Parent() tenant: Tenant, @Args('first', listArgument) first?: number | null): Promise<Restore[]> {
    return this.readModel.restores(tenant.id, first ?? 50);
  }

  @ResolveField('restoreDrills', () => [RestoreDrillType], { description: 'The newest first.' })
  restoreDrills(
    @Parent() tenant: Tenant,
    @Args('first', listArgument) first?: number | null,
  ): Promise<Drill[]> {
    return this.readModel.drills(tenant.id, first ?? 50);
  }

  @ResolveField('keyVersions', () => [TenantKeyVersionType], { description: 'The newest first.' })
  keyVersions(@Parent() tenant: Tenant): Promise<TenantKeyInfo[]> {
    return this.keys.list(tenant.id);
  }
}

/** Mutations on backups, restores, drills and keys. */
@Resolver()
export class BackupCommandsResolver {
  constructor(
    private readonly commands: Commands,
    private readonly backups: BackupsService,
    private readonly policies: BackupPolicies,
    private readonly keys: TenantKeys,
    private readonly readModel: BackupsReadModel,
    private readonly tenants: TenantsReadModel,
    private readonly operations: OperationsReadModel,
  ) {}

  @Mutation(() => BackUpTenantPayload, {
    description: 'Archives all rows of a tenant; it is served as ever.',
  })
  @Requires('tenants:write')
  async backUpTenant(
    @Args('input') input: BackUpTenantInput,
    @CurrentActor() actor: Actor,
  ): Promise<BackUpTenantPayload> {
    const started = await this.#run(actor, input, (command) => this.backups.backUp(command, input.tenant));
    const backup = (await this.readModel.backup(started.backupId)) as Backup;
    return { backup, operation: await this.#operation(started.operationId) };
  }

  @Mutation(() => RestoreTenantPayload, {
    description: 'Restores an archive in place, as a new tenant, or into a database beside it.',
  })
  @Requires('tenants:write')
  async restoreTenant(
    @Args('input') input: RestoreTenantInput,
    @CurrentActor() actor: Actor,
  ): Promise<RestoreTenantPayload> {
    const started = await this.#run(actor, input, (command) => this.backups.restore(command, input));
    const restore = (await this.readModel.restore(started.operationId)) as Restore;
    const tenant = (await this.tenants.bySlug(started.slug)) as unknown as TenantType;
    return { tenant, restore, operation: await this.#operation(started.operationId) };
  }

  @Mutation(() => RunRestoreDrillPayload, {
    description: 'Shows that an archive can be restored, and how fast.',
  })
  @Requires('tenants:write')
  async runRestoreDrill(
    @Args('input') input: RunRestoreDrillInput,
    @CurrentActor() actor: Actor,
  ): Promise<RunRestoreDrillPayload> {
    const id = await this.#run(actor, input, (command) =>
      this.backups.drill(command, input.tenant, input.backup),
    );
    return { operation: await this.#operation(id) };
  }

  @Mutation(() => SetBackupPolicyPayload, { description: 'How often and how long; what is not given stays.' })
  @Requires('tenants:write')
  async setBackupPolicy(
    @Args('input') input: SetBackupPolicyInput,
    @CurrentActor() actor: Actor,
  ): Promise<SetBackupPolicyPayload> {
    const { tenant, plan, clientMutationId: _, ...wanted } = input;
    const of = tenant ? { tenant } : plan ? { plan } : undefined;
    if (!of || (tenant && plan)) {
      throw new InvalidInputError('Either tenant or plan must be given.', { field: 'tenant' });
    }
    await this.#run(actor, input, (command) => this.policies.set(command, of, wanted));
    return { ok: true };
  }

  @Mutation(() => RotateTenantKeyPayload, {
    description: 'Makes a new key version for new archives; older archives stay readable.',
  })
  @Requires('tenants:write')
  async rotateTenantKey(
    @Args('input') input: RotateTenantKeyInput,
    @CurrentActor() actor: Actor,
  ): Promise<RotateTenantKeyPayload> {
    return { version: await this.#run(actor, input, (command) => this.keys.rotate(command, input.tenant)) };
  }

  #run<T>(
    actor: Actor,
    input: { clientMutationId?: string | null },
    work: (command: Command) => Promise<T>,
  ): Promise<T> {
    return this.commands.run(actor, { clientMutationId: input.clientMutationId, input }, work);
  }

  async #operation(id: string): Promise<OperationType> {
    return (await this.operations.byId(id)) as OperationType;
  }
}
