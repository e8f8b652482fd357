import { Injectable } from '@nestjs/common';
import { contentDigest, type Command } from '#audit';
import {
  checkRule,
  checkSegments,
  environmentScope,
  FlagsReadModel,
  FlagsService,
  refuseAccident,
  ruleValue,
  strictestRiskClass,
  type FlagScope,
  type RuleValue,
} from '#flags';
import { ConflictError, TierdeckError, type Transaction } from '#platform';
import type { FlagChange } from './release.js';
import type { ReleaseRow } from './releases.store.js';

/** Where a release is proven before anybody gets it. */
const staging = 'staging';

/** What a tenant had for a flag before the release; null if it had no rule of its own. */
export interface RuleBefore {
  flag: string;
  rule: (RuleValue & { reason: string | null; lintOverride?: string | null }) | null;
}

/** The flag side of a release: everything goes through the flags' own commands, in the release's transaction. */
@Injectable()
export class ReleaseFlags {
  constructor(
    private readonly flags: FlagsService,
    private readonly readModel: FlagsReadModel,
  ) {}

  /**
   * Checks that the changes are possible.
   * @returns the keys of those that are financial, or decide a financial flag that depends on them.
   * @throws FlagNotFoundError, FlagInvalidError, ConflictError FLAG_ARCHIVED, LintRefusedError LINT_REFUSED
   */
  async check(tx: Transaction, changes: readonly FlagChange[]): Promise<string[]> {
    const financial: string[] = [];
    for (const { flag: key, ...value } of changes) {
      const flag = await this.readModel.byKey(key);
      if (flag.archived)
        throw new ConflictError('FLAG_ARCHIVED', `Flag "${key}" is archived.`, { field: 'flagChanges' });
      const rule = { scope: environmentScope, ...value };
      checkRule(flag, rule);
      await checkSegments(tx, value.segments ?? []);
      // Everybody in staging gets it, so nothing in the scope vouches for a field.
      await refuseAccident(tx, { environment: staging, riskClass: flag.riskClass, rule }, null);
      if ((await strictestRiskClass(tx, key)) === 'FINANCIAL') financial.push(key);
    }
    return financial;
  }

  /** Makes the changes for everybody in staging. */
  async stage(command: Command, release: ReleaseRow): Promise<void> {
    for (const change of release.content.flagChanges) {
      await this.flags.setRule(command, {
        ...change,
        environment: staging,
        scope: environmentScope,
        reason: `Release "${release.name}" in staging`,
        correlation: correlationOf(release),
      });
    }
  }

  /** Makes the changes for one tenant. @returns what was there before. */
  async expose(command: Command, release: ReleaseRow, slug: string): Promise<RuleBefore[]> {
    const before: RuleBefore[] = [];
    for (const change of release.content.flagChanges) {
      const at = this.#address(release, change.flag, slug);
      const rule = await this.flags.rule(command.tx, at);
      before.push({
        flag: change.flag,
        rule: rule ? { ...ruleValue(rule), reason: rule.reason, lintOverride: rule.lintOverride } : null,
      });
      await this.flags.setRule(command, {
        ...ruleValue(change),
        ...at,
        reason: `Release "${release.name}"`,
        correlation: correlationOf(release),
        approval: correlationOf(release),
      });
    }
    return before;
  }

  /**
   * Restores a tenant's rules. A rule that somebody changed since the release set it stays: theirs is the newer decision.
   * @returns the flags whose rule was left alone.
   */
  async restore(
    command: Command,
    release: ReleaseRow,
    slug: string,
    before: readonly RuleBefore[],
  ): Promise<string[]> {
    const left: string[] = [];
    for (const { flag, rule } of before) {
      const change = release.content.flagChanges.find((candidate) => candidate.flag === flag);
      const at = this.#address(release, flag, slug);
      const now = await this.flags.rule(command.tx, at);
      if (!now || !change || contentDigest(ruleValue(now)) !== contentDigest(ruleValue(change))) {
        left.push(flag);
        continue;
      }
      const correlation = correlationOf(release);
      try {
        if (rule) await this.flags.setRule(command, { ...at, ...rule, correlation, approval: correlation });
        else
          await this.flags.clearRule(command, {
            ...at,
            reason: `Rollback of release "${release.name}"`,
            correlation,
            approval: correlation,
          });
      } catch (error) {
        // An archived flag decides nothing any more.
        if (!(error instanceof TierdeckError && error.code === 'FLAG_ARCHIVED')) throw error;
        left.push(flag);
      }
    }
    return left;
  }

  #address(
    release: ReleaseRow,
    flag: string,
    slug: string,
  ): { flag: string; environment: string; scope: FlagScope } {
    return { flag, environment: release.environment, scope: { kind: 'TENANT', key: slug } };
  }
}

export function correlationOf(release: Pick<ReleaseRow, 'id'>): string {
  return `release/${release.id}`;
}
