import type { AuditEvent } from '../audit/audit.query.js';
import { type Conditions, noConditions, toConditionsInput } from './conditions/conditions.js';
import type { Scope } from './flags.query.js';

type RuleInput = { enabled: boolean; variant: string | null } & ReturnType<typeof toConditionsInput>;

/** What puts back the state before a change. */
export type Back =
  | { kind: 'SET'; scope: Scope; rule: RuleInput }
  | { kind: 'CLEAR'; scope: Scope }
  | { kind: 'ENABLED'; enabled: boolean };

interface RuleState extends Partial<Conditions> {
  scope: Scope;
  enabled: boolean;
  variant?: string | null;
}

/** @returns undefined for changes that are not of a rule or of the kill switch. */
export function backOf({ action, before, after }: AuditEvent): Back | undefined {
  switch (action) {
    case 'flag.rule-set':
    case 'flag.rule-cleared': {
      const state = before as RuleState | null;
      return state
        ? { kind: 'SET', scope: state.scope, rule: ruleOf(state) }
        : { kind: 'CLEAR', scope: (after as RuleState).scope };
    }
    case 'flag.enabled':
    case 'flag.killed':
      return { kind: 'ENABLED', enabled: (before as { enabled: boolean }).enabled };
    default:
      return undefined;
  }
}

function ruleOf({ scope: _scope, enabled, variant = null, ...conditions }: RuleState): RuleInput {
  return { enabled, variant, ...toConditionsInput({ ...noConditions, ...conditions }, enabled) };
}
