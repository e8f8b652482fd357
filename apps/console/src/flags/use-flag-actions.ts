import type { FlagChangeInput } from '../change-requests/change-requests.query.js';
import { useLintOverride } from '../change-requests/use-lint-override.js';
import { useOpenRequest } from '../change-requests/use-open-request.js';
import type { AuditEvent } from '../audit/audit.query.js';
import { useConfirm } from '../components/confirm.js';
import { notifyProblem } from '../components/toasts.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { useIsProduction } from '../shell/environment.js';
import {
  clearFlagRuleMutation,
  setFlagEnabledMutation,
  setFlagRuleMutation,
  setFlagStrategiesMutation,
} from './flag.mutations.js';
import { type FlagDetail, type Scope } from './flags.query.js';
import { type Conditions, conditionsOf, toConditionsInput } from './conditions/conditions.js';
import { describeScope } from './scope.js';
import { type Strategies, strategiesOf } from './strategies/strategies.js';
import { backOf } from './take-back.js';

/** A rule as a form holds it, without its scope. */
export interface RuleDraft extends Conditions {
  enabled: boolean;
  variant: string | null;
}

/** As `setFlagRule` and change requests take it. */
export const toRuleInput = (rule: RuleDraft) => ({
  enabled: rule.enabled,
  variant: rule.variant,
  ...toConditionsInput(rule, rule.enabled),
});

/** Changes of one flag in one environment; each offers to be taken back. */
export function useFlagActions(flag: FlagDetail, onChanged: () => void) {
  const confirm = useConfirm();
  const set = useCommand(setFlagRuleMutation);
  const clear = useCommand(clearFlagRuleMutation);
  const enable = useCommand(setFlagEnabledMutation);
  const strategies = useCommand(setFlagStrategiesMutation);
  const request = useOpenRequest(notifyProblem);
  const overridable = useLintOverride();
  const environment = flag.environment.name;
  const production = useIsProduction(environment);
  const at = (scope: Scope) => ({ flag: flag.key, environment, scope: { kind: scope.kind, key: scope.key } });
  const ruleAt = (scope: Scope) =>
    flag.environment.rules.find((rule) => rule.scope.kind === scope.kind && rule.scope.key === scope.key);

  /** Puts back what was at a scope before. */
  const restore = (scope: Scope) => {
    const before = ruleAt(scope);
    return async () => {
      await (before
        ? set.run(
            {
              ...at(scope),
              ...toRuleInput({ ...conditionsOf(before), enabled: before.enabled, variant: before.variant }),
              reason: before.reason,
              lintOverride: before.lintOverride,
            },
            { done: `Rule for ${describeScope(scope)} is as it was` },
          )
        : clear.run(at(scope), { done: `Rule for ${describeScope(scope)} is gone again` }));
      onChanged();
    };
  };

  /** For changes that the policy lets nobody make alone: asks, then opens a request; any other refusal is told. */
  const requestInstead = (change: FlagChangeInput, title: string, reason: string | undefined) => {
    return async (problem: Problem): Promise<void> => {
      if (problem.code !== 'CHANGE_REQUEST_REQUIRED') return notifyProblem(problem);
      const answer = await confirm({
        title: 'Open a change request?',
        body: `${problem.message} Somebody else approves exactly this change; then it is applied.`,
        action: 'Open request',
      });
      if (answer) await request.run({ environment, title, reason, changes: [change] });
      onChanged();
    };
  };

  return {
    busy: set.busy || clear.busy || enable.busy || strategies.busy || request.busy,
    ruleAt,

    /** Where the lint refuses the rule, asks why it is wanted all the same. */
    async setRule(scope: Scope, rule: RuleDraft, reason: string | undefined): Promise<boolean> {
      const undo = restore(scope);
      const value = toRuleInput(rule);
      const change = { flag: flag.key, kind: 'SET_RULE' as const, scope: at(scope).scope, ...value };
      const done = await overridable(
        (lintOverride, onProblem) =>
          set.run(
            { ...at(scope), ...value, reason: reason ?? null, lintOverride },
            {
              done: ({ setFlagRule }) =>
                `Rule set for ${describeScope(scope)}, revision ${setFlagRule.revision}`,
              undo,
              onProblem,
            },
          ),
        (problem) => void requestInstead(change, `${flag.key} for ${describeScope(scope)}`, reason)(problem),
      );
      onChanged();
      return done !== undefined;
    },

    /** Puts back what was before a change, as long as nothing came after it; the audit says which change it was. */
    async takeBack(event: AuditEvent): Promise<void> {
      const back = backOf(event);
      if (!back) return;
      const input = {
        flag: flag.key,
        environment,
        expectedVersion: flag.version,
        reason: `Takes back revision ${event.revision}`,
      };
      const outcome = (change: FlagChangeInput) => ({
        done: `Revision ${event.revision} is taken back`,
        onProblem: (problem: Problem) =>
          void requestInstead(change, `Take back revision ${event.revision}`, input.reason)(problem),
      });
      if (back.kind === 'ENABLED') {
        const change = { flag: flag.key, kind: 'SET_ENABLED' as const, enabled: back.enabled };
        await enable.run({ ...input, enabled: back.enabled }, outcome(change));
      } else if (back.kind === 'CLEAR') {
        const change = { flag: flag.key, kind: 'CLEAR_RULE' as const, scope: back.scope };
        await clear.run({ ...input, scope: back.scope }, outcome(change));
      } else {
        const { scope, rule } = back;
        const { done, onProblem } = outcome({ flag: flag.key, kind: 'SET_RULE', scope, ...rule });
        await overridable(
          (lintOverride, onRefusal) =>
            set.run({ ...input, scope, ...rule, lintOverride }, { done, onProblem: onRefusal }),
          onProblem,
        );
      }
      onChanged();
    },

    async clearRule(scope: Scope): Promise<void> {
      const undo = restore(scope);
      const change = { flag: flag.key, kind: 'CLEAR_RULE' as const, scope: at(scope).scope };
      const title = `Clear ${flag.key} for ${describeScope(scope)}`;
      await clear.run(at(scope), {
        done: `Rule for ${describeScope(scope)} cleared`,
        undo,
        onProblem: (problem) => void requestInstead(change, title, undefined)(problem),
      });
      onChanged();
    },

    /**
     * Sets what decides where no rule does.
     * @param seen the flag as it was when the form was opened.
     */
    async setStrategies(
      seen: FlagDetail,
      wanted: Strategies,
      reason: string | undefined,
      onProblem: (problem: Problem) => void,
    ): Promise<boolean> {
      const before = strategiesOf(seen);
      const input = { flag: flag.key, environment };
      const asked = requestInstead(
        {
          flag: flag.key,
          kind: 'SET_STRATEGIES',
          strategies: wanted.strategies,
          featureVariants: wanted.variants,
        },
        `Strategies of ${flag.key}`,
        reason,
      );
      const refusals: Problem[] = [];
      const undo = async () => {
        const lintOverride = 'As it was before';
        await strategies.run(
          { ...input, ...before, lintOverride },
          { done: 'The strategies are as they were' },
        );
        onChanged();
      };
      const done = await overridable(
        (lintOverride, onRefusal) =>
          strategies.run(
            { ...input, ...wanted, expectedVersion: seen.version, reason: reason ?? null, lintOverride },
            {
              done: ({ setFlagStrategies }) => `Strategies saved, revision ${setFlagStrategies.revision}`,
              undo,
              onProblem: onRefusal,
            },
          ),
        (problem) => refusals.push(problem),
      );
      const [refusal] = refusals;
      if (refusal?.code === 'CHANGE_REQUEST_REQUIRED') await asked(refusal);
      else if (refusal) onProblem(refusal);
      onChanged();
      return done !== undefined;
    },

    /** The kill switch: off means that no rule counts. In production it asks first. */
    async setEnabled(enabled: boolean): Promise<void> {
      let reason: string | undefined;
      if (production) {
        const answer = await confirm({
          title: enabled ? `Switch ${flag.key} on in ${environment}?` : `Kill ${flag.key} in ${environment}?`,
          body: enabled
            ? 'Its rules count again, for every tenant, within a second.'
            : 'No rule counts any more: every tenant gets the default within a second. The rules are kept.',
          action: enabled ? 'Switch on' : 'Kill flag',
          danger: !enabled,
          askReason: true,
          expect: flag.key,
        });
        if (!answer) return;
        reason = answer.reason;
      }
      const input = { flag: flag.key, environment };
      await enable.run(
        { ...input, enabled, reason: reason ?? null },
        {
          onProblem: (problem) =>
            void requestInstead(
              { flag: flag.key, kind: 'SET_ENABLED', enabled },
              `Switch ${flag.key} ${enabled ? 'on' : 'off'}`,
              reason,
            )(problem),
          done: `${flag.key} is ${enabled ? 'on' : 'off'} in ${environment}`,
          undo: async () => {
            await enable.run({ ...input, enabled: !enabled, reason: 'undone' });
            onChanged();
          },
        },
      );
      onChanged();
    },
  };
}

export type FlagActions = ReturnType<typeof useFlagActions>;
