import { Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import type { Command } from '#audit';
import { rowsOf, type Transaction } from '#platform';
import {
  fieldChanges,
  MANIFEST_API_VERSION,
  ManifestsService,
  type FieldChange,
  type FieldProblem,
  type ManifestDifference,
  type ManifestHandler,
} from '#tenancy';
import { approvalsNeeded } from '../change-requests/approval-guard.js';
import { ApprovalPoliciesService } from '../change-requests/approval-policies.service.js';
import { EnvironmentClones } from '../environment-clones.js';
import type { RiskClass } from '../flag.js';
import { isApplied, remember } from './remembered.js';

const approvals = z.number().int().min(0).max(10).optional();
const schema = z.strictObject({
  apiVersion: z.literal(MANIFEST_API_VERSION),
  kind: z.literal('Environment'),
  metadata: z.strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'cannot be the name of an environment'),
  }),
  spec: z.strictObject({
    kind: z.enum(['STAGING', 'PRODUCTION']).default('STAGING'),
    approvals: z.strictObject({ STANDARD: approvals, FINANCIAL: approvals }).default({}),
  }),
});
export type EnvironmentManifest = z.infer<typeof schema>;

/** Environments as manifests, with how many approvals a change of a flag needs in them. New ones come last, in order. */
@Injectable()
export class EnvironmentManifests implements ManifestHandler<EnvironmentManifest>, OnModuleInit {
  readonly kind = 'Environment';
  readonly order = 25;
  readonly schema = schema;
  readonly permission = 'policies:write';

  constructor(
    private readonly environments: EnvironmentClones,
    private readonly policies: ApprovalPoliciesService,
    private readonly manifests: ManifestsService,
  ) {}

  onModuleInit(): void {
    this.manifests.register(this);
  }

  nameOf({ metadata }: EnvironmentManifest): string {
    return metadata.name;
  }

  async check(tx: Transaction, { metadata, spec }: EnvironmentManifest): Promise<FieldProblem[]> {
    const kind = await kindOf(tx, metadata.name);
    if (kind === undefined || kind === spec.kind) return [];
    return [{ path: ['spec', 'kind'], message: `is ${kind} and stays so` }];
  }

  async diff(
    tx: Transaction,
    { metadata: { name }, spec }: EnvironmentManifest,
  ): Promise<ManifestDifference> {
    const kind = await kindOf(tx, name);
    if (kind === undefined) return { action: 'CREATE', fields: fieldChanges(undefined, spec) };
    if (await isApplied(tx, 'environment', name, spec)) return { action: 'NONE', fields: [] };
    const fields: FieldChange[] = [];
    for (const [riskClass, after] of wantedApprovals(spec)) {
      const before = await approvalsNeeded(tx, name, riskClass);
      if (before !== after) fields.push({ path: `spec.approvals.${riskClass}`, before, after });
    }
    return { action: fields.length > 0 ? 'UPDATE' : 'NONE', fields };
  }

  async apply(command: Command, { metadata: { name }, spec }: EnvironmentManifest): Promise<string[]> {
    const { tx } = command;
    if ((await kindOf(tx, name)) === undefined)
      await this.environments.create(command, { name, kind: spec.kind });
    for (const [riskClass, wanted] of wantedApprovals(spec))
      if ((await approvalsNeeded(tx, name, riskClass)) !== wanted)
        await this.policies.set(command, name, riskClass, wanted);
    await remember(tx, 'environment', name, spec);
    return [];
  }
}

function wantedApprovals({ approvals: wanted }: EnvironmentManifest['spec']): [RiskClass, number][] {
  return Object.entries(wanted).flatMap(([riskClass, count]) =>
    count === undefined ? [] : [[riskClass as RiskClass, count]],
  );
}

async function kindOf(tx: Transaction, name: string): Promise<string | undefined> {
  const [row] = await rowsOf<{ kind: string }>(tx, 'select kind from environment where name = $1', [name]);
  return row?.kind;
}
