import type { FlagState } from '../compiler/index.js';
import type { WantedChange } from '../change-requests/flag-change.js';
import { sameScope, type FlagRule } from '../flag.js';

/** A flag in an environment as it would be after changes; those of other flags do nothing to it. */
export function withChanges(state: FlagState, changes: readonly WantedChange[]): FlagState {
  return changes.filter(({ flag }) => flag === state.flag.key).reduce(withChange, state);
}

function withChange(state: FlagState, change: WantedChange): FlagState {
  switch (change.kind) {
    case 'SET_RULE': {
      const rule: FlagRule = { ...change.rule, scope: change.scope };
      return { ...state, rules: [...without(state.rules, change.scope), rule] };
    }
    case 'CLEAR_RULE':
      return { ...state, rules: without(state.rules, change.scope) };
    case 'SET_ENABLED':
      return { ...state, enabled: change.enabled };
    case 'UPDATE_FLAG': {
      const { riskClass: _riskClass, ...definition } = change.definition;
      return { ...state, flag: { ...state.flag, ...definition } };
    }
  }
}

function without(rules: readonly FlagRule[], scope: FlagRule['scope']): FlagRule[] {
  return rules.filter((rule) => !sameScope(rule.scope, scope));
}
