import { Injectable } from '@nestjs/common';
import { contentDigest, type Command } from '#audit';
import type { Transaction } from '#platform';
import type { UnleashStrategy, UnleashVariant } from './compiler/index.js';
import { isUnitScope, ruleValue, type FlagRule, type FlagScope, type RuleValue } from './flag.js';
import {
  checkCompiles,
  checkSegments,
  checkStrategies,
  checkStrategyConstraints,
  setStrategies,
  strategiesOf,
} from './flag-strategies.store.js';
import { checkContent, contentOf, definitionOf, sameGuarded, type NewFlag } from './flag-content.js';
import { checkRule, checkScope } from './flag-rules.js';
import {
  EnvironmentNotFoundError,
  FlagArchivedError,
  FlagChangedError,
  FlagExistsError,
  FlagInvalidError,
  FlagNotFoundError,
  ScopeNotFoundError,
} from './flags.errors.js';
import {
  archiveFlag,
  deleteRule,
  ensureEnvironment,
  environmentNames,
  environmentState,
  findFlag,
  findRule,
  insertFlag,
  lockFlag,
  setEnvironmentEnabled,
  stamp,
  updateFlag,
  upsertRule,
  variantsInUse,
  type FlagRecord,
  type RuleAddress,
  type StoredRule,
} from './flags.store.js';
import {
  authorise,
  authoriseCreation,
  clearingOpens,
  strictestEnvironment,
} from './change-requests/approval-guard.js';
import { openCommand, openRuleCommand } from './change-requests/open-command.js';
import { refuseAccident, refuseAccidentOfStrategies } from './lint/lint-changes.js';
import { scopeSubject } from './scope-subject.store.js';

export type { NewFlag } from './flag-content.js';

export interface Guarded {
  /** The version of the flag that the caller has seen; absent means whatever is there. */
  expectedVersion?: number | null | undefined;
  reason?: string | null | undefined;
  /** Ties the change to an undertaking, e.g. `release/<id>`. */
  correlation?: string | undefined;
  /** By what right a change that needs approval is made: `change-request/<id>`, `release/<id>` or `deployment`. */
  approval?: string | undefined;
}

export interface RuleChange extends RuleAddress, Guarded, Omit<FlagRule, 'variant'> {
  variant?: string | null | undefined;
  /** Why what the lint refuses is wanted; kept with the rule. */
  lintOverride?: string | null | undefined;
  /** Manifests may name units that come with a tenant's data later; a person may not. */
  allowUnknownScope?: boolean;
}

export interface StrategiesChange extends Guarded {
  flag: string;
  environment: string;
  strategies: readonly UnleashStrategy[] | null;
  /** For strategies that have none of their own. */
  variants?: readonly UnleashVariant[];
  /** Why what the lint refuses is wanted. */
  lintOverride?: string | null | undefined;
  /** From another system or a manifest, where they decide already: the lint has no say. */
  imported?: boolean;
}

export interface FlagChangeResult {
  flag: string;
  /** Revision of the change; of the last one before, if nothing had to be changed. */
  revision: number;
}

/** Changes of flags. Each is one audit event and one revision; one that would change nothing is neither. */
@Injectable()
export class FlagsService {
  /** @throws FlagExistsError FLAG_EXISTS, FlagInvalidError INVALID_INPUT, FlagAwaitedError FLAG_AWAITED */
  async createFlag(
    command: Command,
    input: NewFlag & Pick<Guarded, 'approval'> & { imported?: boolean },
  ): Promise<FlagChangeResult> {
    const flag = contentOf(input);
    await checkContent(command.tx, flag, input.imported ? 'IMPORTED' : 'NEW');
    if (await findFlag(command.tx, flag.key)) throw new FlagExistsError(flag.key);
    await authoriseCreation(command.tx, flag.key, input.approval);
    if (!(await insertFlag(command.tx, flag))) throw new FlagExistsError(flag.key);
    const revision = await command.record({
      area: 'flags',
      action: 'flag.created',
      subject: `flag/${flag.key}`,
      after: flag,
    });
    await stamp(command.tx, flag.key, revision);
    return { flag: flag.key, revision };
  }

  /** Changes what a flag is; its kind is fixed, since code depends on it. */
  async updateFlag(
    command: Command,
    input: NewFlag & Guarded & { imported?: boolean },
  ): Promise<FlagChangeResult> {
    const before = await this.#lock(command.tx, input.key, input.expectedVersion);
    if (before.kind !== input.kind)
      throw new FlagInvalidError(`The kind of "${input.key}" is ${before.kind} and stays so.`, 'kind');
    const after = { ...before, ...contentOf(input, before) };
    await checkContent(command.tx, after, input.imported ? 'IMPORTED' : 'STORED');
    const used = await variantsInUse(command.tx, input.key);
    const gone = used.find((name) => !after.variants.some((variant) => variant.name === name));
    if (gone) throw new FlagInvalidError(`Rules still use the variant "${gone}".`, 'variants');
    if (!sameGuarded(before, after)) await this.#authoriseDefinition(command, before, input.approval);
    await updateFlag(command.tx, after);
    const revision = await command.record({
      area: 'flags',
      action: 'flag.updated',
      subject: `flag/${input.key}`,
      before: definitionOf(before),
      after: definitionOf(after),
      ...optional(input),
    });
    await stamp(command.tx, input.key, revision);
    return { flag: input.key, revision };
  }

  /** As {@link updateFlag}, by the key alone. */
  async changeDefinition(
    command: Command,
    input: Omit<NewFlag, 'kind'> & Guarded,
  ): Promise<FlagChangeResult> {
    const { kind } = await this.#lock(command.tx, input.key, input.expectedVersion);
    return this.updateFlag(command, { ...input, kind });
  }

  /**
   * Sets what the flag is for one scope. Turning on needs an approval where the policy says so; turning off never does.
   * @throws FlagNotFoundError, EnvironmentNotFoundError, ScopeNotFoundError, FlagInvalidError,
   *   FlagChangedError FLAG_CHANGED, FlagArchivedError FLAG_ARCHIVED, LintRefusedError LINT_REFUSED,
   *   ChangeRequestRequiredError CHANGE_REQUEST_REQUIRED
   */
  async setRule(command: Command, input: RuleChange): Promise<FlagChangeResult> {
    const flag = await this.#lock(command.tx, input.flag, input.expectedVersion);
    await this.#knownEnvironment(command.tx, input.environment);
    const rule = ruleValue({ ...input, variant: input.variant ?? null });
    checkRule(flag, { ...rule, scope: input.scope });
    await checkSegments(command.tx, rule.segments ?? []);
    const subject = await scopeSubject(command.tx, input.scope);
    if (!subject.exists && !input.allowUnknownScope)
      throw new ScopeNotFoundError(input.scope, scopeHint(input.scope));
    const before = await findRule(command.tx, input);
    if (before && contentDigest(ruleValue(before)) === contentDigest(rule))
      return this.#unchanged(command.tx, input);
    const emergency = await authorise(command.tx, {
      ...pick(flag, input),
      // A rule that is off only sometimes lets something through where another one stood before it.
      opens: rule.enabled || (before !== undefined && isConditional(rule)),
      command: openRuleCommand(flag.key, input.environment, input.scope, rule),
    });
    const lintOverride = input.lintOverride?.trim() ? input.lintOverride.slice(0, 500) : null;
    // Change requests and releases are linted before they are approved.
    if (input.approval === undefined) {
      const { environment, scope } = input;
      await refuseAccident(
        command.tx,
        { environment, riskClass: flag.riskClass, rule: { ...rule, scope } },
        lintOverride,
      );
    }
    await ensureEnvironment(command.tx, input.flag, input.environment);
    await upsertRule(command.tx, input, {
      ...rule,
      reason: input.reason ?? null,
      lintOverride,
      setBy: command.actor.name,
    });
    await checkCompiles(command.tx, flag, input.environment);
    return this.#record(command, flag, input, {
      action: 'flag.rule-set',
      tenantId: subject.tenantId,
      before: before && { scope: input.scope, ...ruleValue(before) },
      after: {
        scope: input.scope,
        ...rule,
        riskClass: flag.riskClass,
        ...(lintOverride ? { lintOverride } : {}),
        ...(emergency ? { emergency } : {}),
      },
    });
  }

  /**
   * Unleash strategies that decide where no rule does, as SDKs get them; null: none, the flag is off there.
   * @throws FlagInvalidError INVALID_INPUT, ChangeRequestRequiredError CHANGE_REQUEST_REQUIRED, LintRefusedError LINT_REFUSED
   */
  async setStrategies(command: Command, input: StrategiesChange): Promise<FlagChangeResult> {
    const flag = await this.#lock(command.tx, input.flag, input.expectedVersion);
    await this.#knownEnvironment(command.tx, input.environment);
    await ensureEnvironment(command.tx, input.flag, input.environment);
    const before = await strategiesOf(command.tx, input.flag, input.environment);
    const after = { strategies: input.strategies, variants: input.variants ?? [] };
    await checkStrategies(command.tx, flag, after);
    if (!input.imported) checkStrategyConstraints(after.strategies);
    if (contentDigest(before) === contentDigest(after)) return this.#unchanged(command.tx, input);
    const emergency = await authorise(command.tx, {
      ...pick(flag, input),
      opens: after.strategies !== null || after.variants.length > 0,
      command: openCommand(flag.key, input.environment, '--strategies <file.yaml>'),
    });
    const lintOverride = input.lintOverride?.trim() ? input.lintOverride.slice(0, 500) : null;
    if (input.approval === undefined && !input.imported)
      await refuseAccidentOfStrategies(command.tx, input, lintOverride);
    await setStrategies(command.tx, input, after);
    await checkCompiles(command.tx, flag, input.environment);
    return this.#record(command, flag, input, {
      action: 'flag.strategies-set',
      before,
      after: {
        ...after,
        riskClass: flag.riskClass,
        ...(lintOverride ? { lintOverride } : {}),
        ...(emergency ? { emergency } : {}),
      },
    });
  }

  /** Takes a rule away, so that the next less specific one decides. None there: nothing to do. */
  async clearRule(command: Command, input: RuleAddress & Guarded): Promise<FlagChangeResult> {
    const flag = await this.#lock(command.tx, input.flag, input.expectedVersion);
    await this.#knownEnvironment(command.tx, input.environment);
    checkScope(input.scope);
    const before = await findRule(command.tx, input);
    if (!before) return this.#unchanged(command.tx, input);
    const { tenantId } = await scopeSubject(command.tx, input.scope);
    const emergency = await authorise(command.tx, {
      ...pick(flag, input),
      opens: await clearingOpens(command.tx, input),
      command: openRuleCommand(flag.key, input.environment, input.scope, null),
    });
    await deleteRule(command.tx, input);
    return this.#record(command, flag, input, {
      action: 'flag.rule-cleared',
      tenantId,
      before: { scope: input.scope, ...ruleValue(before) },
      after: { scope: input.scope, riskClass: flag.riskClass, ...(emergency ? { emergency } : {}) },
    });
  }

  /** The kill switch of an environment: false turns the flag off for everybody, whatever the rules say. */
  async setEnabled(
    command: Command,
    input: { flag: string; environment: string; enabled: boolean } & Guarded,
  ): Promise<FlagChangeResult> {
    const flag = await this.#lock(command.tx, input.flag, input.expectedVersion);
    await this.#knownEnvironment(command.tx, input.environment);
    await ensureEnvironment(command.tx, input.flag, input.environment);
    const before = await environmentState(command.tx, input.flag, input.environment);
    if (before.enabled === input.enabled) return { flag: input.flag, revision: before.revision };
    const emergency = await authorise(command.tx, {
      ...pick(flag, input),
      opens: input.enabled,
      command: openCommand(flag.key, input.environment, input.enabled ? '--revive' : '--kill'),
    });
    await setEnvironmentEnabled(command.tx, input.flag, input.environment, input.enabled);
    return this.#record(command, flag, input, {
      action: input.enabled ? 'flag.enabled' : 'flag.killed',
      before: { enabled: before.enabled },
      after: {
        enabled: input.enabled,
        riskClass: flag.riskClass,
        ...(emergency ? { emergency } : {}),
      },
    });
  }

  /**
   * Takes a flag out of every environment; SDKs then use the default of their code, which may be on. Its key is not given
   * out again.
   */
  async archive(command: Command, input: { flag: string } & Guarded): Promise<FlagChangeResult> {
    const flag = await this.#lock(command.tx, input.flag, input.expectedVersion);
    await this.#authoriseDefinition(command, flag, input.approval, '--archive');
    await archiveFlag(command.tx, input.flag);
    const revision = await command.record({
      area: 'flags',
      action: 'flag.archived',
      subject: `flag/${input.flag}`,
      before: definitionOf(flag),
      ...optional(input),
    });
    await stamp(command.tx, input.flag, revision);
    return { flag: input.flag, revision };
  }

  /** The rule of exactly this scope, if there is one: what a release notes down before it sets its own. */
  async rule(tx: Transaction, at: RuleAddress): Promise<StoredRule | undefined> {
    return findRule(tx, at);
  }

  async #authoriseDefinition(
    command: Command,
    flag: FlagRecord,
    approval: string | undefined,
    what = '--definition <file.yaml>',
  ): Promise<void> {
    const environment = await strictestEnvironment(command.tx, flag.key);
    await authorise(command.tx, {
      ...pick(flag, { environment, approval }),
      opens: true,
      command: openCommand(flag.key, environment, what),
    });
  }

  async #lock(tx: Transaction, key: string, expectedVersion: number | null | undefined): Promise<FlagRecord> {
    const flag = await lockFlag(tx, key);
    if (!flag) throw new FlagNotFoundError(key);
    if (flag.archived) throw new FlagArchivedError(key);
    if (expectedVersion !== undefined && expectedVersion !== null && expectedVersion !== flag.version)
      throw new FlagChangedError(key, expectedVersion, flag.version);
    return flag;
  }

  async #knownEnvironment(tx: Transaction, environment: string): Promise<void> {
    const known = await environmentNames(tx);
    if (!known.includes(environment)) throw new EnvironmentNotFoundError(environment, known);
  }

  async #unchanged(tx: Transaction, at: { flag: string; environment: string }): Promise<FlagChangeResult> {
    const { revision } = await environmentState(tx, at.flag, at.environment);
    return { flag: at.flag, revision };
  }

  async #record(
    command: Command,
    flag: FlagRecord,
    input: { environment: string } & Guarded,
    change: { action: string; tenantId?: string | undefined; before: unknown; after: unknown },
  ): Promise<FlagChangeResult> {
    const revision = await command.record({
      area: 'flags',
      action: change.action,
      subject: `flag/${flag.key}`,
      environment: input.environment,
      ...(change.tenantId ? { tenantId: change.tenantId } : {}),
      before: change.before,
      after: change.after,
      ...optional(input),
    });
    await stamp(command.tx, flag.key, revision, input.environment);
    return { flag: flag.key, revision };
  }
}

/** The part of a change that the approval policy looks at. */
function pick(
  { key }: FlagRecord,
  { environment, approval }: { environment: string; approval?: string | undefined },
): { flag: string; environment: string; approval: string | undefined } {
  return { flag: key, environment, approval };
}

function isConditional({ constraints, segments, startsAt, endsAt }: RuleValue): boolean {
  return [constraints, segments, startsAt, endsAt].some((condition) => condition !== undefined);
}

function optional(input: Guarded): { reason?: string; correlation?: string } {
  return {
    ...(input.reason ? { reason: input.reason } : {}),
    ...(input.correlation ? { correlation: input.correlation } : {}),
  };
}

function scopeHint(scope: FlagScope): string {
  if (isUnitScope(scope.kind)) return 'Units are named "<tenant>/<code>": tierdeck get tenants -o json';
  return scope.kind === 'REGION' ? 'A region is known once a tenant is in it.' : 'tierdeck get tenants';
}
