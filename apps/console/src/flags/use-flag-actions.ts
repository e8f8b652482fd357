import { useConfirm } from '../components/confirm.js';
import { useCommand } from '../graphql/use-command.js';
import {
  clearFlagRuleMutation,
  type FlagDetail,
  type Scope,
  setFlagEnabledMutation,
  setFlagRuleMutation,
} from './flags.query.js';
import { describeScope } from './scope.js';

export interface RuleValue {
  enabled: boolean;
  variant: string | null;
}

/** Changes of one flag in one environment; each offers to be taken back. */
export function useFlagActions(flag: FlagDetail, onChanged: () => void) {
  const confirm = useConfirm();
  const set = useCommand(setFlagRuleMutation);
  const clear = useCommand(clearFlagRuleMutation);
  const enable = useCommand(setFlagEnabledMutation);
  const environment = flag.environment.name;
  const at = (scope: Scope) => ({ flag: flag.key, environment, scope: { kind: scope.kind, key: scope.key } });
  const ruleAt = (scope: Scope) =>
    flag.environment.rules.find((rule) => rule.scope.kind === scope.kind && rule.scope.key === scope.key);

  /** Puts back what was at a scope before. */
  const restore = (scope: Scope) => {
    const before = ruleAt(scope);
    return async () => {
      await (before
        ? set.run(
            { ...at(scope), enabled: before.enabled, variant: before.variant, reason: before.reason },
            { done: `Rule for ${describeScope(scope)} is as it was` },
          )
        : clear.run(at(scope), { done: `Rule for ${describeScope(scope)} is gone again` }));
      onChanged();
    };
  };

  return {
    busy: set.busy || clear.busy || enable.busy,
    ruleAt,

    async setRule(scope: Scope, value: RuleValue, reason: string | undefined): Promise<boolean> {
      const undo = restore(scope);
      const done = await set.run(
        { ...at(scope), enabled: value.enabled, variant: value.variant, reason: reason ?? null },
        {
          done: ({ setFlagRule }) => `Rule set for ${describeScope(scope)}, revision ${setFlagRule.revision}`,
          undo,
        },
      );
      onChanged();
      return done !== undefined;
    },

    async clearRule(scope: Scope): Promise<void> {
      const undo = restore(scope);
      await clear.run(at(scope), { done: `Rule for ${describeScope(scope)} cleared`, undo });
      onChanged();
    },

    /** The kill switch: off means that no rule counts. In production it asks first. */
    async setEnabled(enabled: boolean): Promise<void> {
      let reason: string | undefined;
      if (environment === 'production') {
        const answer = await confirm({
          title: enabled ? `Switch ${flag.key} on in production?` : `Kill ${flag.key} in production?`,
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
