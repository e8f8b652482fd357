import { conditionsOf, noConditions } from './conditions/conditions.js';
import type { FlagRule } from './flags.query.js';
import type { RuleDraft } from './use-flag-actions.js';

/** What a form needs to know of a flag to make a rule for it. */
export interface RuledFlag {
  key: string;
  kind: 'BOOLEAN' | 'VARIANT';
  variants: readonly { name: string }[];
}

/** The rule that is there as a form holds it; without one, what is most likely wanted: on, with the newest variant. */
export function draftOf(flag: RuledFlag, current: FlagRule | undefined): RuleDraft {
  if (current) {
    return { ...conditionsOf(current), enabled: current.enabled, variant: current.variant };
  }
  return {
    ...noConditions,
    enabled: true,
    variant: flag.kind === 'VARIANT' ? (flag.variants.at(-1)?.name ?? null) : null,
  };
}
