import { contentDigest } from '#audit';
import type { FlagRule, FlagScope, FlagVariant, RiskClass } from '../flag.js';

/** What a rule says, without its scope. */
export type RuleValue = Omit<FlagRule, 'scope'>;

export interface DefinitionChange {
  riskClass?: RiskClass;
  variants?: readonly FlagVariant[];
  defaultVariant?: string | null;
}

/**
 * One wanted change of a flag. `base` is what was there when the draft was made: what approvers compared with, and what
 * must still be there when it is applied.
 */
export type FlagChange =
  | { kind: 'SET_RULE'; flag: string; scope: FlagScope; rule: RuleValue; base: RuleValue | null }
  | { kind: 'CLEAR_RULE'; flag: string; scope: FlagScope; base: RuleValue | null }
  | { kind: 'SET_ENABLED'; flag: string; enabled: boolean; base: boolean }
  | { kind: 'UPDATE_FLAG'; flag: string; definition: DefinitionChange; base: DefinitionChange };
export const flagChangeKinds = ['SET_RULE', 'CLEAR_RULE', 'SET_ENABLED', 'UPDATE_FLAG'] as const;
export type FlagChangeKind = (typeof flagChangeKinds)[number];

/** A change as somebody asks for it, before the base is known. */
export type WantedChange =
  | Omit<Extract<FlagChange, { kind: 'SET_RULE' }>, 'base'>
  | Omit<Extract<FlagChange, { kind: 'CLEAR_RULE' }>, 'base'>
  | Omit<Extract<FlagChange, { kind: 'SET_ENABLED' }>, 'base'>
  | Omit<Extract<FlagChange, { kind: 'UPDATE_FLAG' }>, 'base'>;

/** What a change is about; a request has at most one change of each target. */
export function targetOf(change: WantedChange): string {
  switch (change.kind) {
    case 'SET_RULE':
    case 'CLEAR_RULE':
      return `rule ${change.flag} ${change.scope.kind} ${change.scope.key}`;
    case 'SET_ENABLED':
      return `enabled ${change.flag}`;
    case 'UPDATE_FLAG':
      return `definition ${change.flag}`;
  }
}

/** A sentence for people: `pricing.engine for BRANCH northwind/seattle: off → waterfall-v2`. */
export function describeChange(change: FlagChange): string {
  switch (change.kind) {
    case 'SET_RULE':
      return `${change.flag} for ${scopeText(change.scope)}: ${ruleText(change.base)} → ${ruleText(change.rule)}`;
    case 'CLEAR_RULE':
      return `${change.flag} for ${scopeText(change.scope)}: ${ruleText(change.base)} → no rule`;
    case 'SET_ENABLED':
      return `${change.flag}: ${change.base ? 'enabled' : 'killed'} → ${change.enabled ? 'enabled' : 'killed'}`;
    case 'UPDATE_FLAG':
      return `${change.flag}: ${Object.keys(change.definition).join(', ')}`;
  }
}

export function sameValue(a: unknown, b: unknown): boolean {
  return contentDigest(a) === contentDigest(b);
}

export function ruleText(rule: RuleValue | null): string {
  if (!rule) return 'no rule';
  return rule.enabled ? (rule.variant ?? 'on') : 'off';
}

function scopeText({ kind, key }: FlagScope): string {
  return kind === 'ENVIRONMENT' ? 'everybody' : `${kind} ${key}`;
}
