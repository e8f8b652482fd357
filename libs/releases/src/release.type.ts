import { Field, Float, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { RuleConditionsType } from '#flags';
import { ConnectionOf, JsonScalar } from '#platform';
import type { GateVerdict } from './gate.js';
import type { ReleaseStatus, WaveStatus } from './release.js';

export const ReleaseStatusEnum = {
  DRAFT: 'DRAFT',
  STAGED: 'STAGED',
  READY: 'READY',
  RUNNING: 'RUNNING',
  PAUSED: 'PAUSED',
  SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
  ABORTED: 'ABORTED',
  ROLLING_BACK: 'ROLLING_BACK',
  ROLLED_BACK: 'ROLLED_BACK',
} as const satisfies Record<ReleaseStatus, ReleaseStatus>;
registerEnumType(ReleaseStatusEnum, {
  name: 'ReleaseStatus',
  valuesMap: {
    STAGED: { description: 'On in staging; its migrations are being rehearsed.' },
    READY: { description: 'May start in production.' },
    FAILED: { description: 'Its rollback could not be finished: a person has to look.' },
    ABORTED: { description: 'Stopped; exposed tenants keep it.' },
    ROLLED_BACK: { description: 'Nobody is exposed any more.' },
  },
});

const WaveStatusEnum = {
  PENDING: 'PENDING',
  RUNNING: 'RUNNING',
  SOAKING: 'SOAKING',
  PASSED: 'PASSED',
  HELD: 'HELD',
  FAILED: 'FAILED',
  ROLLED_BACK: 'ROLLED_BACK',
  SKIPPED: 'SKIPPED',
} as const satisfies Record<WaveStatus, WaveStatus>;
registerEnumType(WaveStatusEnum, {
  name: 'WaveStatus',
  valuesMap: { HELD: { description: 'The soak is over, but a gate has too little data to pass.' } },
});

const GateVerdictEnum = {
  PASS: 'PASS',
  FAIL: 'FAIL',
  INCONCLUSIVE: 'INCONCLUSIVE',
} as const satisfies Record<GateVerdict, GateVerdict>;
registerEnumType(GateVerdictEnum, { name: 'GateVerdict' });

@ObjectType('ReleaseFlagChange', { description: "What a tenant's rule becomes when the release reaches it." })
export class ReleaseFlagChangeType extends RuleConditionsType {
  @Field(() => String)
  flag!: string;
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => String, { nullable: true })
  variant!: string | null;
}

@ObjectType('Approval', { description: 'Given for exactly the content with this digest.' })
export class ApprovalType {
  @Field(() => String)
  by!: string;
  @Field(() => Date)
  at!: Date;
  @Field(() => String)
  digest!: string;
  @Field(() => String, { nullable: true })
  comment!: string | null;
}

@ObjectType('Gate', {
  description: 'A guard on the share of bad outcomes among the exposed tenants of a wave.',
})
export class GateType {
  @Field(() => String)
  kpi!: string;
  @Field(() => Float, { description: 'Highest share of bad outcomes that is still good.' })
  threshold!: number;
  @Field(() => GateVerdictEnum)
  verdict!: GateVerdict;
  @Field(() => Float, { nullable: true, description: 'Share of bad outcomes so far.' })
  observed!: number | null;
  @Field(() => Int)
  samples!: number;
  @Field(() => Int)
  minSamples!: number;
  @Field(() => Float, { nullable: true, description: 'e-value: the gate fails when it reaches 1/α.' })
  evidence!: number | null;
  @Field(() => String)
  explanation!: string;
}

@ObjectType('WaveTenant')
export class WaveTenantType {
  tenantId!: string;
  @Field(() => String, { description: 'PENDING, APPLYING, EXPOSED, FAILED or ROLLED_BACK.' })
  status!: string;
  @Field(() => String, { nullable: true })
  error!: string | null;
  @Field(() => Date, { nullable: true })
  at!: Date | null;
}

@ObjectType('Wave')
export class WaveType {
  releaseId!: string;
  @Field(() => Int)
  position!: number;
  @Field(() => String)
  name!: string;
  @Field(() => WaveStatusEnum)
  status!: WaveStatus;
  @Field(() => JsonScalar)
  selector!: unknown;
  @Field(() => Int)
  concurrency!: number;
  @Field(() => Int)
  soakSeconds!: number;
  @Field(() => Date, { nullable: true })
  soakUntil!: Date | null;
  @Field(() => Date, { nullable: true })
  startedAt!: Date | null;
  @Field(() => Date, { nullable: true })
  finishedAt!: Date | null;
  @Field(() => String, { nullable: true, description: 'Why it is held, failed or was skipped.' })
  reason!: string | null;
}

@ObjectType('Release', { description: 'Flag changes and tenant migrations that go to tenants wave by wave.' })
export class ReleaseType {
  @Field(() => ID)
  id!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true })
  description!: string | null;
  @Field(() => String)
  artifactDigest!: string;
  @Field(() => String)
  environment!: string;
  @Field(() => ReleaseStatusEnum)
  status!: ReleaseStatus;
  @Field(() => String, { nullable: true })
  statusReason!: string | null;
  @Field(() => [String])
  migrations!: string[];
  @Field(() => Boolean, {
    description: 'It changes a financial flag: somebody else than its author approves it.',
  })
  needsApproval!: boolean;
  @Field(() => Int)
  exposedTenants!: number;
  @Field(() => Date)
  createdAt!: Date;
  @Field(() => Date, { nullable: true })
  startedAt!: Date | null;
  @Field(() => Date, { nullable: true })
  finishedAt!: Date | null;
  @Field(() => String)
  createdBy!: string;
  @Field(() => String, { description: 'SHA-256 of the content, which never changes.' })
  digest!: string;
}

@ObjectType()
export class ReleaseConnection extends ConnectionOf<ReleaseType>(() => ReleaseType, 'Release') {}

@ObjectType()
export class ReleasePayload {
  @Field(() => ReleaseType)
  release!: ReleaseType;
}

@ObjectType('PlannedWave')
export class PlannedWaveType {
  @Field(() => Int)
  position!: number;
  @Field(() => String)
  name!: string;
  @Field(() => [String])
  tenants!: string[];
}

@ObjectType('ReleasePlan', { description: 'Which tenant would come in which wave, as things are now.' })
export class ReleasePlanType {
  @Field(() => [PlannedWaveType])
  waves!: PlannedWaveType[];
  @Field(() => [String], { description: 'Tenants that no wave selects.' })
  unmatched!: string[];
  @Field(() => [String])
  warnings!: string[];
}
