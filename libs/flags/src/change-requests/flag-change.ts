import { contentDigest } from '#audit';
import type { UnleashConstraint } from '../compiler/index.js';
import type { FlagDependency, FlagLifecycle, FlagScope, FlagVariant, RiskClass, RuleValue } from '../flag.js';
import type { EnvironmentStrategies } from '../flag-strategies.store.js';

/** The parts of what a flag is that need approval. */
export interface DefinitionChange {
  riskClass?: RiskClass;
  variants?: readonly FlagVariant[];
  defaultVariant?: string | null;
  payloadSchema?: unknown;
  dependencies?: readonly FlagDependency[];
  lifecycle?: FlagLifecycle;
  project?: string;
  tags?: readonly string[];
}

/** What a segment says, and its name, so that people know it by its number's owner. */
export interface SegmentValue {
  name: string;
  constraints: readonly UnleashConstraint[];
}

/**
 * One wanted change of a flag, or of a segment that flags share. `base` is what was there when the draft was made: what
 * approvers compared with, and what must still be there when it is applied.
 */
export type FlagChange =
  | { kind: 'SET_RULE'; flag: string; scope: FlagScope; rule: RuleValue; base: RuleValue | null }
  | { kind: 'CLEAR_RULE'; flag: string; scope: FlagScope; base: RuleValue | null }
  | { kind: 'SET_ENABLED'; flag: string; enabled: boolean; base: boolean }
  | { kind: 'SET_STRATEGIES'; flag: string; strategies: EnvironmentStrategies; base: EnvironmentStrategies }
  | { kind: 'UPDATE_FLAG'; flag: string; definition: DefinitionChange; base: DefinitionChange }
  /** `base` and what it becomes: whether it is archived. */
  | { kind: 'ARCHIVE_FLAG'; flag: string; base: boolean }
  | {
      kind: 'UPDATE_SEGMENT';
      segment: number;
      constraints: readonly UnleashConstraint[];
      base: SegmentValue;
    };
export const flagChangeKinds = [
  'SET_RULE',
  'CLEAR_RULE',
  'SET_ENABLED',
  'SET_STRATEGIES',
  'UPDATE_FLAG',
  'ARCHIVE_FLAG',
  'UPDATE_SEGMENT',
] as const;
export type FlagChangeKind = (typeof flagChangeKinds)[number];

type WithoutBase<Change> = Change extends unknown ? Omit<Change, 'base'> : never;
/** A change as somebody asks for it, before the base is known. */
export type WantedChange = WithoutBase<FlagChange>;

/** The flag that a change names; a segment's change names none. */
export function flagOf(change: WantedChange): string | undefined {
  return 'flag' in change ? change.flag : undefined;
}

/** The flags that changes name, each once. */
export function flagsOf(changes: readonly WantedChange[]): string[] {
  return [...new Set(changes.flatMap((change) => flagOf(change) ?? []))];
}

/** The segments that changes rewrite, by id. */
export function segmentsOf(
  changes: readonly WantedChange[],
): Extract<WantedChange, { kind: 'UPDATE_SEGMENT' }>[] {
  return changes.filter((change) => change.kind === 'UPDATE_SEGMENT');
}

/** What a change is about; a request has at most one change of each target. */
export function targetOf(change: WantedChange): string {
  switch (change.kind) {
    case 'SET_RULE':
    case 'CLEAR_RULE':
      return `rule ${change.flag} ${change.scope.kind} ${change.scope.key}`;
    case 'SET_ENABLED':
      return `enabled ${change.flag}`;
    case 'SET_STRATEGIES':
      return `strategies ${change.flag}`;
    case 'UPDATE_FLAG':
      return `definition ${change.flag}`;
    case 'ARCHIVE_FLAG':
      return `archive ${change.flag}`;
    case 'UPDATE_SEGMENT':
      return `segment ${change.segment}`;
  }
}

export function sameValue(a: unknown, b: unknown): boolean {
  return contentDigest(a) === contentDigest(b);
}
