import { Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { contentDigest, type Command } from '#audit';
import { TierdeckError, type Transaction } from '#platform';
import {
  MANIFEST_API_VERSION,
  ManifestsService,
  type FieldChange,
  type FieldProblem,
  type ManifestDifference,
  type ManifestHandler,
  type ManifestSet,
} from '#tenancy';
import {
  flagLifecycles,
  flagTypes,
  ruleValue,
  scopeKinds,
  tenantOfScope,
  type FlagDefinition,
  type FlagRule,
} from './flag.js';
import { anyKeyPattern, checkDefinition, checkRule } from './flag-rules.js';
import { strategiesOf } from './flag-strategies.store.js';
import { FlagsService, type NewFlag } from './flags.service.js';
import {
  appliedManifest,
  environmentNames,
  environmentState,
  findFlag,
  findRule,
  rememberManifest,
} from './flags.store.js';
import { scopeSubject } from './scope-subject.store.js';
import { constraintSchema, strategySchema, variantSchema } from './unleash-files/wire-schema.js';

const rule = z.strictObject({
  scope: z.strictObject({ kind: z.enum(scopeKinds), key: z.string().default('*') }),
  enabled: z.boolean(),
  variant: z.string().nullable().default(null),
  percentage: z.number().int().min(0).max(100).optional(),
  stickiness: z.string().optional(),
  constraints: z.array(constraintSchema).optional(),
  segments: z.array(z.number().int()).optional(),
  startsAt: z.iso.datetime().optional(),
  endsAt: z.iso.datetime().optional(),
  reason: z.string().max(500).optional(),
  lintOverride: z.string().min(1).max(500).optional(),
});
const dependency = z.strictObject({
  flag: z.string(),
  enabled: z.boolean().optional(),
  variants: z.array(z.string()).optional(),
});
const schema = z.strictObject({
  apiVersion: z.literal(MANIFEST_API_VERSION),
  kind: z.literal('Flag'),
  metadata: z.strictObject({ key: z.string().regex(anyKeyPattern, 'cannot be the key of a flag') }),
  spec: z.strictObject({
    description: z.string().max(1_000).default(''),
    kind: z.enum(['BOOLEAN', 'VARIANT']),
    riskClass: z.enum(['STANDARD', 'FINANCIAL']).default('STANDARD'),
    owner: z.string().max(200).nullable().default(null),
    project: z.string().default('default'),
    type: z.enum(flagTypes).default('release'),
    lifecycle: z.enum(flagLifecycles).default('ACTIVE'),
    expiresAt: z.iso.datetime().nullable().default(null),
    tags: z.array(z.string()).default([]),
    impressionData: z.boolean().default(false),
    payloadSchema: z.json().default(null),
    dependencies: z.array(dependency).default([]),
    variants: z
      .array(
        z.strictObject({
          name: z.string(),
          payload: z.json().optional(),
          description: z.string().max(1_000).optional(),
        }),
      )
      .default([]),
    defaultVariant: z.string().nullable().default(null),
    environments: z
      .record(
        z.string(),
        z.strictObject({
          enabled: z.boolean().default(true),
          strategies: z.array(strategySchema).max(100).nullable().default(null),
          variants: z.array(variantSchema).max(50).default([]),
          rules: z.array(rule).default([]),
        }),
      )
      .default({}),
  }),
});
export type FlagManifest = z.infer<typeof schema>;
type Spec = FlagManifest['spec'];
type ManifestRule = z.infer<typeof rule>;

/** One thing that applying does, as a person reads it and as a command does it. */
interface Step {
  change: FieldChange;
  run: (command: Command, approval: string | undefined) => Promise<unknown>;
}

/**
 * Flags as manifests. A manifest that was applied before changes only what differs between the two versions of the
 * file: a rule that somebody set meanwhile stays, so that starting again with the same files undoes nobody's work.
 */
@Injectable()
export class FlagManifests implements ManifestHandler<FlagManifest>, OnModuleInit {
  readonly kind = 'Flag';
  readonly order = 30;
  readonly schema = schema;

  constructor(
    private readonly flags: FlagsService,
    private readonly manifests: ManifestsService,
  ) {}

  onModuleInit(): void {
    this.manifests.register(this);
  }

  nameOf({ metadata }: FlagManifest): string {
    return metadata.key;
  }

  async check(tx: Transaction, manifest: FlagManifest, set: ManifestSet): Promise<FieldProblem[]> {
    const { spec } = manifest;
    const flag = definitionOf(manifest);
    const problems = attempt(['spec'], () => checkDefinition(flag, anyKeyPattern));
    for (const { flag: parent } of spec.dependencies)
      if (!set.has('Flag', parent) && !(await findFlag(tx, parent)))
        problems.push({ path: ['spec', 'dependencies'], message: `no flag "${parent}"` });
    const stored = await findFlag(tx, flag.key);
    if (stored?.archived) problems.push({ path: ['metadata', 'key'], message: 'the flag is archived' });
    if (stored && stored.kind !== spec.kind)
      problems.push({ path: ['spec', 'kind'], message: `is ${stored.kind} and stays so` });
    const known = await environmentNames(tx);
    for (const [name, { rules }] of Object.entries(spec.environments)) {
      const path = ['spec', 'environments', name];
      if (!known.includes(name)) {
        problems.push({ path, message: `is not an environment; known: ${known.join(', ')}` });
        continue;
      }
      for (const [index, one] of rules.entries()) {
        const at = [...path, 'rules', index];
        problems.push(...attempt(at, () => checkRule(flag, ruleOf(one))));
        if (rules.some((other, before) => before < index && keyOf(other) === keyOf(one)))
          problems.push({ path: [...at, 'scope'], message: 'has a rule above already' });
        if (await this.#tenantMissing(tx, one, set))
          problems.push({
            path: [...at, 'scope', 'key'],
            message: `no tenant "${tenantOfScope(one.scope)}"`,
          });
      }
    }
    return problems;
  }

  async diff(tx: Transaction, manifest: FlagManifest): Promise<ManifestDifference> {
    const stored = await findFlag(tx, manifest.metadata.key);
    const fields = (await this.#steps(tx, manifest)).map(({ change }) => change);
    if (!stored) return { action: 'CREATE', fields };
    return { action: fields.length > 0 ? 'UPDATE' : 'NONE', fields };
  }

  /** Manifests that come with the installation carry its right; those of a person need approval as any change does. */
  async apply(command: Command, manifest: FlagManifest): Promise<string[]> {
    const approval = command.actor.kind === 'system' ? 'deployment' : undefined;
    for (const { run } of await this.#steps(command.tx, manifest)) await run(command, approval);
    await rememberManifest(command.tx, manifest.metadata.key, manifest.spec);
    return [];
  }

  /** The tenant must be there or come along; its units may come later, with its data. */
  async #tenantMissing(tx: Transaction, one: ManifestRule, set: ManifestSet): Promise<boolean> {
    const slug = tenantOfScope(one.scope);
    if (slug === undefined || set.has('Tenant', slug)) return false;
    return (await scopeSubject(tx, { kind: 'TENANT', key: slug })).tenantId === undefined;
  }

  async #steps(tx: Transaction, manifest: FlagManifest): Promise<Step[]> {
    const { key } = manifest.metadata;
    const before = (await appliedManifest(tx, key)) as Spec | undefined;
    const steps = await this.#definitionSteps(tx, manifest, before);
    for (const [environment, wanted] of Object.entries(manifest.spec.environments)) {
      const last = before?.environments[environment];
      steps.push(...(await this.#enabledSteps(tx, key, environment, wanted.enabled, last?.enabled)));
      steps.push(...(await this.#strategySteps(tx, key, environment, wanted, last)));
      steps.push(...(await this.#ruleSteps(tx, key, environment, wanted.rules, last?.rules ?? [])));
    }
    return steps;
  }

  async #definitionSteps(tx: Transaction, manifest: FlagManifest, before: Spec | undefined): Promise<Step[]> {
    const definition = definitionOf(manifest);
    const stored = await findFlag(tx, definition.key);
    const now = stored && { ...stored, expiresAt: stored.expiresAt?.toISOString() ?? null };
    const changes = definitionFields
      .filter((name) => before === undefined || differs(before[name], manifest.spec[name]))
      .filter((name) => differs(now?.[name], manifest.spec[name]))
      .map((name) => ({ path: `spec.${name}`, before: now?.[name] ?? null, after: manifest.spec[name] }));
    const [first, ...rest] = changes;
    if (!first) return [];
    const changed = Object.fromEntries(changes.map(({ path, after }) => [path.slice('spec.'.length), after]));
    const expiry = 'expiresAt' in changed ? { expiresAt: definition.expiresAt } : {};
    // What it depends on may come after it; `check` has seen that it comes.
    const update = { key: definition.key, kind: definition.kind, ...changed, ...expiry, imported: true };
    const run: Step['run'] = (command, approval) =>
      stored
        ? this.flags.updateFlag(command, { ...update, approval })
        : this.flags.createFlag(command, { ...definition, imported: true });
    // One command makes all of them.
    return [{ change: first, run }, ...rest.map((change) => ({ change, run: () => Promise.resolve() }))];
  }

  async #enabledSteps(
    tx: Transaction,
    flag: string,
    environment: string,
    wanted: boolean,
    last: boolean | undefined,
  ): Promise<Step[]> {
    const { enabled } = await environmentState(tx, flag, environment);
    if (wanted === last || wanted === enabled) return [];
    const change = { path: `spec.environments.${environment}.enabled`, before: enabled, after: wanted };
    const reason = 'manifest';
    return [
      {
        change,
        run: (command, approval) =>
          this.flags.setEnabled(command, { flag, environment, enabled: wanted, reason, approval }),
      },
    ];
  }

  async #strategySteps(
    tx: Transaction,
    flag: string,
    environment: string,
    { strategies, variants }: Spec['environments'][string],
    last: Spec['environments'][string] | undefined,
  ): Promise<Step[]> {
    const wanted = { strategies, variants };
    // A file of an earlier version says nothing of strategies, and that is what it said.
    const before = { strategies: last?.strategies ?? null, variants: last?.variants ?? [] };
    const stored = await strategiesOf(tx, flag, environment);
    if (!differs(wanted, last ? before : stored) || !differs(wanted, stored)) return [];
    const change = { path: `spec.environments.${environment}.strategies`, before: stored, after: wanted };
    const reason = 'manifest';
    return [
      {
        change,
        run: (command, approval) =>
          this.flags.setStrategies(command, { flag, environment, ...wanted, reason, approval }),
      },
    ];
  }

  async #ruleSteps(
    tx: Transaction,
    flag: string,
    environment: string,
    wanted: readonly ManifestRule[],
    last: readonly ManifestRule[],
  ): Promise<Step[]> {
    const path = `spec.environments.${environment}.rules`;
    const steps: Step[] = [];
    for (const one of wanted) {
      if (last.some((other) => keyOf(other) === keyOf(one) && !differs(valueOf(other), valueOf(one))))
        continue;
      const stored = await findRule(tx, { flag, environment, scope: one.scope });
      if (stored && !differs(valueOf(stored), valueOf(one))) continue;
      const change = {
        path: `${path}.${keyOf(one)}`,
        before: stored ? valueOf(stored) : null,
        after: valueOf(one),
      };
      const { scope, reason = 'manifest', lintOverride } = one;
      const at = { flag, environment, scope, reason, lintOverride, allowUnknownScope: true };
      const rule = { ...at, ...valueOf(one) };
      steps.push({ change, run: (command, approval) => this.flags.setRule(command, { ...rule, approval }) });
    }
    for (const { scope } of last.filter((one) => !wanted.some((other) => keyOf(other) === keyOf(one)))) {
      const stored = await findRule(tx, { flag, environment, scope });
      if (!stored) continue;
      const change = { path: `${path}.${keyOf(stored)}`, before: valueOf(stored), after: null };
      const at = { flag, environment, scope, reason: 'manifest' };
      steps.push({ change, run: (command, approval) => this.flags.clearRule(command, { ...at, approval }) });
    }
    return steps;
  }
}

const definitionFields = [
  'description',
  'kind',
  'riskClass',
  'owner',
  'project',
  'type',
  'lifecycle',
  'expiresAt',
  'tags',
  'impressionData',
  'payloadSchema',
  'dependencies',
  'variants',
  'defaultVariant',
] as const;

function definitionOf({ metadata, spec }: FlagManifest): NewFlag & FlagDefinition {
  const { environments: _environments, expiresAt, dependencies, ...definition } = spec;
  return {
    ...definition,
    key: metadata.key,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    dependencies: dependencies.map(({ flag, enabled, variants }) => ({
      flag,
      ...(enabled === false ? { enabled } : {}),
      ...(variants?.length ? { variants } : {}),
    })),
  };
}

function keyOf({ scope }: Pick<FlagRule, 'scope'>): string {
  return `${scope.kind}:${scope.key}`;
}

function ruleOf(one: ManifestRule): FlagRule {
  return { scope: one.scope, ...valueOf(one) };
}

function valueOf(
  rule: Omit<ManifestRule, 'scope' | 'reason' | 'lintOverride'> | Omit<FlagRule, 'scope'>,
): Omit<FlagRule, 'scope'> {
  return ruleValue(rule as Omit<FlagRule, 'scope'>);
}

function differs(a: unknown, b: unknown): boolean {
  return contentDigest(a) !== contentDigest(b);
}

/** A refusal of the model as a problem of the manifest. */
function attempt(path: readonly (string | number)[], check: () => void): FieldProblem[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof TierdeckError)) throw error;
    return [{ path: [...path, ...(error.field?.split('.') ?? [])], message: error.message }];
  }
}
