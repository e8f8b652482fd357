import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Command } from '#audit';
import { rowsOf, TierdeckError, type Transaction } from '#platform';
import {
  ManifestsService,
  type FieldProblem,
  type ManifestDifference,
  type ManifestHandler,
  type ManifestSet,
} from '#tenancy';
import { tenantOfScope } from '../flag.js';
import { anyKeyPattern, checkDefinition, checkRule } from '../flag-rules.js';
import { environmentNames, findFlag, rememberManifest } from '../flags.store.js';
import { scopeSubject } from '../scope-subject.store.js';
import {
  definitionOf,
  flagManifestSchema,
  keyOf,
  ruleOf,
  type FlagManifest,
  type ManifestRule,
} from './flag-manifest.schema.js';
import { FlagManifestSteps } from './flag-manifest-steps.js';
import { placed } from './placed.js';
import { segmentIds, segmentsThere } from './segment-names.js';

/**
 * Flags as manifests. A manifest that was applied before changes only what differs between the two versions of the
 * file: a rule that somebody set meanwhile stays, so that starting again with the same files undoes nobody's work.
 */
@Injectable()
export class FlagManifests implements ManifestHandler<FlagManifest>, OnModuleInit {
  readonly kind = 'Flag';
  readonly order = 30;
  readonly schema = flagManifestSchema;

  constructor(
    private readonly steps: FlagManifestSteps,
    private readonly manifests: ManifestsService,
  ) {}

  onModuleInit(): void {
    this.manifests.register(this);
  }

  nameOf({ metadata }: FlagManifest): string {
    return metadata.key;
  }

  /** What flags depend on has no dependencies itself, and comes before them. */
  rank({ spec }: FlagManifest): number {
    return spec.dependencies.length > 0 ? 1 : 0;
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
    const segments = await segmentIds(tx, manifest.spec);
    const numbers = await segmentsThere(tx, manifest.spec);
    const projects = await rowsOf(tx, 'select from project where key = $1', [spec.project]);
    if (projects.length === 0 && !set.has('Project', spec.project))
      problems.push({ path: ['spec', 'project'], message: `no project "${spec.project}"` });
    for (const [name, { rules, strategies }] of Object.entries(spec.environments)) {
      const path = ['spec', 'environments', name];
      if (!known.includes(name) && !set.has('Environment', name)) {
        problems.push({ path, message: `is not an environment; known: ${known.join(', ')}` });
        continue;
      }
      for (const [field, list] of Object.entries({ rules, strategies: strategies ?? [] }))
        for (const [index, { segments: named = [] }] of list.entries())
          for (const reference of named)
            if (
              typeof reference === 'string'
                ? !segments.has(reference) && !set.has('Segment', reference)
                : // A strategy that came from elsewhere without its segment says so by a number below zero.
                  !(numbers.has(reference) || (reference < 0 && field === 'strategies'))
            )
              problems.push({
                path: [...path, field, index, 'segments'],
                message: `no segment "${reference}"`,
              });
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
    const fields = (await this.steps.of(tx, manifest)).map(({ change }) => change);
    if (!stored) return { action: 'CREATE', fields };
    return { action: fields.length > 0 ? 'UPDATE' : 'NONE', fields };
  }

  /** Manifests that come with the installation carry its right; those of a person need approval as any change does. */
  async apply(command: Command, manifest: FlagManifest): Promise<string[]> {
    const approval = command.actor.kind === 'system' ? 'deployment' : undefined;
    for (const { at, run } of await this.steps.of(command.tx, manifest))
      await placed(at, () => run(command, approval));
    await rememberManifest(command.tx, manifest.metadata.key, manifest.spec);
    return [];
  }

  /** The tenant must be there or come along; its units may come later, with its data. */
  async #tenantMissing(tx: Transaction, one: ManifestRule, set: ManifestSet): Promise<boolean> {
    const slug = tenantOfScope(one.scope);
    if (slug === undefined || set.has('Tenant', slug)) return false;
    return (await scopeSubject(tx, { kind: 'TENANT', key: slug })).tenantId === undefined;
  }
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
