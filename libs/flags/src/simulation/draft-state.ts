import type { FlagState } from '../compiler/index.js';
import { flagOf, segmentsOf, type WantedChange } from '../change-requests/flag-change.js';
import type { Segments } from '../evaluator/index.js';
import { sameScope, type FlagRule } from '../flag.js';

/** A flag in an environment as it would be after changes; those of other flags do nothing to it. */
export function withChanges(state: FlagState, changes: readonly WantedChange[]): FlagState {
  return changes.filter((change) => flagOf(change) === state.flag.key).reduce(withChange, state);
}

/** Segments as they would be after changes. */
export function withSegmentChanges(segments: Segments, changes: readonly WantedChange[]): Segments {
  const rewritten = new Map(segments);
  for (const { segment: id, constraints } of segmentsOf(changes)) {
    const segment = segments.get(id);
    if (segment) rewritten.set(id, { ...segment, constraints: [...constraints] });
  }
  return rewritten;
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
    case 'SET_STRATEGIES': {
      const { strategies, variants: featureVariants } = change.strategies;
      return { ...state, strategies, featureVariants };
    }
    case 'ARCHIVE_FLAG':
      return { ...state, archived: true };
    case 'UPDATE_SEGMENT':
      return state;
    case 'UPDATE_FLAG': {
      const { riskClass: _riskClass, payloadSchema: _payloadSchema, ...definition } = change.definition;
      return { ...state, flag: { ...state.flag, ...definition } };
    }
  }
}

function without(rules: readonly FlagRule[], scope: FlagRule['scope']): FlagRule[] {
  return rules.filter((rule) => !sameScope(rule.scope, scope));
}
