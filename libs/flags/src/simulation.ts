import { decide, RuleIndex, type FlagDecision, type FlagState } from './compiler/index.js';
import { sameScope, type FlagContext, type FlagRule, type FlagScope } from './flag.js';

/** A rule that is not there yet, or one taken away. */
export interface RuleDraft {
  scope: FlagScope;
  /** null: the rule is cleared. */
  rule: Pick<FlagRule, 'enabled' | 'variant'> | null;
}

export interface Effect<Subject> {
  subject: Subject;
  before: FlagDecision;
  after: FlagDecision;
}

export interface Simulation<Subject> {
  affected: Effect<Subject>[];
  unchanged: number;
  total: number;
}

/** The rules as they would be. */
function withDraft(rules: readonly FlagRule[], { scope, rule }: RuleDraft): FlagRule[] {
  const others = rules.filter((one) => !sameScope(one.scope, scope));
  return rule ? [...others, { scope, ...rule }] : others;
}

/** Who would see something else, from what to what. */
export function simulate<Subject extends { context: FlagContext }>(
  state: FlagState,
  draft: RuleDraft,
  subjects: readonly Subject[],
): Simulation<Subject> {
  const before = decider(state, state.rules);
  const after = decider(state, withDraft(state.rules, draft));
  const affected: Effect<Subject>[] = [];
  for (const subject of subjects) {
    const effect = { subject, before: before(subject.context), after: after(subject.context) };
    if (effect.before.enabled !== effect.after.enabled || effect.before.variant !== effect.after.variant)
      affected.push(effect);
  }
  return { affected, unchanged: subjects.length - affected.length, total: subjects.length };
}

/** Decides a flag for many contexts; the same as the reference for each. */
export function decider<Rule extends FlagRule>(
  state: FlagState<Rule>,
  rules: readonly Rule[],
): (context: FlagContext) => FlagDecision<Rule> {
  if (state.archived) return () => ({ ...decide<Rule>(state.flag, undefined), reason: 'ARCHIVED' });
  if (!state.enabled) return () => ({ ...decide<Rule>(state.flag, undefined), reason: 'KILLED' });
  const index = new RuleIndex(rules);
  return (context) => decide(state.flag, index.winner(context));
}
