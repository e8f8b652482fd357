import { Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { OperationType } from '#operations';
import type {
  BackupFreshness,
  BackupReason,
  BackupStatus,
  DrillState,
  DrillStatus,
  RestoreMode,
  RestoreStatus,
} from '../backups/backup.js';
import type { Placement } from '../tenant.js';
import { MutationInput } from './mutation.input.js';
import { PlacementEnum, TenantType } from './tenant.type.js';

function enumOf<T extends string>(
  name: string,
  values: readonly T[],
  description?: string,
): Record<string, T> {
  const type = Object.fromEntries(values.map((value) => [value, value])) as Record<string, T>;
  registerEnumType(type, { name, ...(description ? { description } : {}) });
  return type;
}

const BackupReasonEnum = enumOf<BackupReason>('BackupReason', [
  'SCHEDULED',
  'REQUESTED',
  'BEFORE_RESTORE',
  'OFFBOARDING',
]);
const BackupStatusEnum = enumOf<BackupStatus>('BackupStatus', ['RUNNING', 'COMPLETE', 'FAILED', 'REMOVED']);
export const BackupFreshnessEnum = enumOf<BackupFreshness>(
  'BackupFreshness',
  ['FRESH', 'STALE', 'NEVER', 'OFF'],
  'STALE: the newest archive is older than one and a half intervals of the policy.',
);
export const DrillStateEnum = enumOf<DrillState>(
  'DrillState',
  ['PASSED', 'FAILED', 'OVERDUE', 'NOT_YET'],
  'Whether it was shown of late that an archive can be restored.',
);
const RestoreModeEnum = enumOf<RestoreMode>('RestoreMode', ['IN_PLACE', 'NEW_TENANT', 'SIDE_BY_SIDE']);
const RestoreStatusEnum = enumOf<RestoreStatus>('RestoreStatus', [
  'RUNNING',
  'COMPLETE',
  'FAILED',
  'DROPPED',
]);
const DrillStatusEnum = enumOf<DrillStatus>('DrillStatus', ['RUNNING', 'PASSED', 'FAILED']);
const PolicySourceEnum = enumOf('BackupPolicySource', ['TENANT', 'PLAN', 'STANDARD'] as const);

@ObjectType('TenantBackup', { description: 'An archive of all rows of a tenant as of one point in time.' })
export class TenantBackupType {
  @Field(() => ID)
  id!: string;
  @Field(() => BackupReasonEnum)
  reason!: BackupReason;
  @Field(() => BackupStatusEnum)
  status!: BackupStatus;
  @Field(() => String)
  requestedBy!: string;
  @Field(() => Date)
  startedAt!: Date;
  @Field(() => Date, { nullable: true })
  finishedAt!: Date | null;
  @Field(() => Date, { nullable: true, description: 'The state that it holds.' })
  snapshotAt!: Date | null;
  @Field(() => Float, { nullable: true, description: 'Revision of the control plane at that time.' })
  revision!: number | null;
  @Field(() => Int, { nullable: true })
  keyVersion!: number | null;
  @Field(() => Int, { nullable: true })
  tables!: number | null;
  @Field(() => Float, { nullable: true })
  rows!: number | null;
  @Field(() => Float, { nullable: true, description: 'Before compression.' })
  bytes!: number | null;
  @Field(() => Float, { nullable: true })
  storedBytes!: number | null;
  @Field(() => String, { nullable: true })
  error!: string | null;
  @Field(() => Date, { nullable: true })
  removedAt!: Date | null;
}

@ObjectType('TenantRestore', { description: 'What was restored from an archive; its id is the operation’s.' })
export class TenantRestoreType {
  @Field(() => ID)
  id!: string;
  @Field(() => ID)
  backupId!: string;
  @Field(() => RestoreModeEnum)
  mode!: RestoreMode;
  @Field(() => RestoreStatusEnum)
  status!: RestoreStatus;
  @Field(() => String)
  requestedBy!: string;
  @Field(() => ID, { nullable: true, description: 'Restoring this backup in place undoes the restore.' })
  beforeBackupId!: string | null;
  @Field(() => String, { nullable: true })
  cluster!: string | null;
  @Field(() => String, { nullable: true, description: 'The database beside the tenant’s.' })
  databaseName!: string | null;
  @Field(() => Date, { nullable: true, description: 'When that database is dropped.' })
  expiresAt!: Date | null;
  @Field(() => String, { nullable: true })
  error!: string | null;
  @Field(() => Date)
  startedAt!: Date;
  @Field(() => Date, { nullable: true })
  finishedAt!: Date | null;
}

@ObjectType('RestoreDrill', {
  description: 'Evidence that an archive can be restored; its id is the operation’s.',
})
export class RestoreDrillType {
  @Field(() => ID)
  id!: string;
  @Field(() => ID)
  backupId!: string;
  @Field(() => DrillStatusEnum)
  status!: DrillStatus;
  @Field(() => String)
  requestedBy!: string;
  @Field(() => Date)
  startedAt!: Date;
  @Field(() => Date, { nullable: true })
  finishedAt!: Date | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Recovery time: until the data was restored and compared.',
  })
  recoveryMs!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Recovery point: the age of the data when the drill began.',
  })
  dataAgeMs!: number | null;
  @Field(() => Int, { nullable: true })
  tables!: number | null;
  @Field(() => Float, { nullable: true })
  rows!: number | null;
  @Field(() => Float, { nullable: true })
  bytes!: number | null;
  @Field(() => String, { nullable: true })
  error!: string | null;
}

@ObjectType('BackupPolicy', { description: 'A tenant’s own, else its plan’s, else the standard.' })
export class BackupPolicyType {
  @Field(() => PolicySourceEnum)
  source!: 'TENANT' | 'PLAN' | 'STANDARD';
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => Int)
  intervalMinutes!: number;
  @Field(() => Int, { description: 'Kept while among so many newest …' })
  keepCount!: number;
  @Field(() => Int, { description: '… or younger than so many days.' })
  keepDays!: number;
  @Field(() => Int)
  drillIntervalDays!: number;
}

@ObjectType('TenantKeyVersion', {
  description: 'A version of the key that a tenant’s archives are encrypted with.',
})
export class TenantKeyVersionType {
  @Field(() => Int)
  version!: number;
  @Field(() => Date)
  createdAt!: Date;
  @Field(() => Date, { nullable: true, description: 'Since when a newer one is written with.' })
  retiredAt!: Date | null;
  @Field(() => Date, { nullable: true, description: 'Since when nobody can read what it encrypted.' })
  shreddedAt!: Date | null;
}

@InputType()
export class BackUpTenantInput extends MutationInput {
  @Field(() => String)
  tenant!: string;
}

@InputType()
export class RestoreTenantInput extends MutationInput {
  @Field(() => String, { description: 'The tenant whose archive it is.' })
  tenant!: string;
  @Field(() => ID, { nullable: true, description: 'The newest, if none is given.' })
  backup?: string | null;
  @Field(() => RestoreModeEnum)
  mode!: RestoreMode;
  @Field(() => String, { nullable: true, description: 'IN_PLACE: the slug again.' })
  confirm?: string | null;
  @Field(() => String, { nullable: true, description: 'NEW_TENANT: slug of the new one.' })
  newSlug?: string | null;
  @Field(() => String, { nullable: true })
  newName?: string | null;
  @Field(() => PlacementEnum, { nullable: true, description: 'NEW_TENANT: as the old one, if not given.' })
  database?: Placement | null;
  @Field(() => Int, { nullable: true, description: 'SIDE_BY_SIDE: 1 to 168, 24 if not given.' })
  hours?: number | null;
}

@InputType()
export class RunRestoreDrillInput extends MutationInput {
  @Field(() => String)
  tenant!: string;
  @Field(() => ID, { nullable: true, description: 'The newest, if none is given.' })
  backup?: string | null;
}

@InputType()
export class SetBackupPolicyInput extends MutationInput {
  @Field(() => String, { nullable: true, description: 'Either this or plan.' })
  tenant?: string | null;
  @Field(() => String, { nullable: true })
  plan?: string | null;
  @Field(() => Boolean, { nullable: true })
  enabled?: boolean | null;
  @Field(() => Int, { nullable: true, description: '5 to 525600.' })
  intervalMinutes?: number | null;
  @Field(() => Int, { nullable: true, description: '1 to 1000.' })
  keepCount?: number | null;
  @Field(() => Int, { nullable: true, description: '0 to 3650.' })
  keepDays?: number | null;
  @Field(() => Int, { nullable: true, description: '1 to 365.' })
  drillIntervalDays?: number | null;
}

@InputType()
export class RotateTenantKeyInput extends MutationInput {
  @Field(() => String)
  tenant!: string;
}

@ObjectType()
export class BackUpTenantPayload {
  @Field(() => TenantBackupType)
  backup!: TenantBackupType;
  @Field(() => OperationType)
  operation!: OperationType;
}

@ObjectType()
export class RestoreTenantPayload {
  @Field(() => TenantType, { description: 'The tenant that is restored, or the new one.' })
  tenant!: TenantType;
  @Field(() => TenantRestoreType)
  restore!: TenantRestoreType;
  @Field(() => OperationType)
  operation!: OperationType;
}

@ObjectType()
export class RunRestoreDrillPayload {
  @Field(() => OperationType)
  operation!: OperationType;
}

@ObjectType()
export class SetBackupPolicyPayload {
  @Field(() => Boolean)
  ok!: boolean;
}

@ObjectType()
export class RotateTenantKeyPayload {
  @Field(() => Int, { description: 'Written with from now on.' })
  version!: number;
}
