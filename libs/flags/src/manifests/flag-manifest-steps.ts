import { Injectable } from '@nestjs/common';
import { contentDigest, type Command } from '#audit';
import type { Transaction } from '#platform';
import type { FieldChange } from '#tenancy';
import type { UnleashStrategy } from '../compiler/index.js';
import { strategiesOf } from '../flag-strategies.store.js';
import { FlagsService } from '../flags.service.js';
import { appliedManifest, environmentState, findFlag, findRule } from '../flags.store.js';
import {
  definitionOf,
  keyOf,
  valueOf,
  type FlagManifest,
  type FlagSpec,
  type ManifestRule,
} from './flag-manifest.schema.js';
import { withSegmentIds } from './segment-names.js';

/** One thing that applying does, as a person reads it and as a command does it. */
export interface Step {
  change: FieldChange;
  /** Where the manifest says so. */
  at: readonly (string | number)[];
  run: (command: Command, approval: string | undefined) => Promise<unknown>;
}

/** From a manifest to the commands that make its flag so. */
@Injectable()
export class FlagManifestSteps {
  constructor(private readonly flags: FlagsService) {}

  /** What applying the manifest does, now that what it refers to may be there. */
  async of(tx: Transaction, written: FlagManifest): Promise<Step[]> {
    const { key } = written.metadata;
    const manifest = { ...written, spec: await withSegmentIds(tx, written.spec) };
    const last = (await appliedManifest(tx, key)) as FlagSpec | undefined;
    const before = last && (await withSegmentIds(tx, last));
    const steps = await this.#definitionSteps(tx, manifest, before);
    for (const [environment, wanted] of Object.entries(manifest.spec.environments)) {
      const old = before?.environments[environment];
      steps.push(...(await this.#enabledSteps(tx, key, environment, wanted.enabled, old?.enabled)));
      steps.push(...(await this.#strategySteps(tx, key, environment, wanted, old)));
      steps.push(...(await this.#ruleSteps(tx, key, environment, wanted.rules, old?.rules ?? [])));
    }
    return steps;
  }

  async #definitionSteps(
    tx: Transaction,
    manifest: FlagManifest,
    before: FlagSpec | undefined,
  ): Promise<Step[]> {
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
        : this.flags.createFlag(command, { ...definition, imported: true, approval });
    // One command makes all of them.
    const at = rest.length > 0 ? ['spec'] : first.path.split('.');
    return [
      { change: first, at, run },
      ...rest.map((change) => ({ change, at, run: () => Promise.resolve() })),
    ];
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
        at: ['spec', 'environments', environment, 'enabled'],
        run: (command, approval) =>
          this.flags.setEnabled(command, { flag, environment, enabled: wanted, reason, approval }),
      },
    ];
  }

  async #strategySteps(
    tx: Transaction,
    flag: string,
    environment: string,
    { strategies: named, variants }: FlagSpec['environments'][string],
    last: FlagSpec['environments'][string] | undefined,
  ): Promise<Step[]> {
    // Every name is an id by now: `check` has seen that the segments are there or come along.
    const wanted = { strategies: named as UnleashStrategy[] | null, variants };
    // A file of an earlier version says nothing of strategies, and that is what it said.
    const before = { strategies: last?.strategies ?? null, variants: last?.variants ?? [] };
    const stored = await strategiesOf(tx, flag, environment);
    if (!differs(wanted, last ? before : stored) || !differs(wanted, stored)) return [];
    const change = { path: `spec.environments.${environment}.strategies`, before: stored, after: wanted };
    const reason = 'manifest';
    return [
      {
        change,
        at: ['spec', 'environments', environment, 'strategies'],
        run: (command, approval) =>
          this.flags.setStrategies(command, {
            flag,
            environment,
            ...wanted,
            reason,
            approval,
            imported: true,
          }),
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
    const place = ['spec', 'environments', environment, 'rules'];
    const path = place.join('.');
    const steps: Step[] = [];
    for (const [index, one] of wanted.entries()) {
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
      steps.push({
        change,
        at: [...place, index],
        run: (command, approval) => this.flags.setRule(command, { ...rule, approval }),
      });
    }
    for (const { scope } of last.filter((one) => !wanted.some((other) => keyOf(other) === keyOf(one)))) {
      const stored = await findRule(tx, { flag, environment, scope });
      if (!stored) continue;
      const change = { path: `${path}.${keyOf(stored)}`, before: valueOf(stored), after: null };
      const at = { flag, environment, scope, reason: 'manifest' };
      steps.push({
        change,
        at: place,
        run: (command, approval) => this.flags.clearRule(command, { ...at, approval }),
      });
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

function differs(a: unknown, b: unknown): boolean {
  return contentDigest(a) !== contentDigest(b);
}
