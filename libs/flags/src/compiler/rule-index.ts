import type { Predicate, Segments } from '../evaluator/index.js';
import { contextField, scopeKinds, type FlagContext, type FlagRule } from '../flag.js';
import { prepareConditions } from './rule-conditions.js';

const mostSpecificFirst = scopeKinds.slice(1).toReversed() as Exclude<
  (typeof scopeKinds)[number],
  'ENVIRONMENT'
>[];

/** The rules of one flag in one environment, found by key: a decision costs one look-up per scope kind. */
export class RuleIndex<Rule extends FlagRule = FlagRule> {
  /** By key; only of the kinds that have rules, most specific first. */
  readonly #byKind: { field: string; rules: ReadonlyMap<string, Rule> }[] = [];
  readonly #everywhere: Rule | undefined;
  /** Of the rules that have any. */
  readonly #conditions = new Map<Rule, Predicate>();

  constructor(
    readonly rules: readonly Rule[],
    segments: Segments = new Map(),
  ) {
    this.#everywhere = rules.findLast(({ scope }) => scope.kind === 'ENVIRONMENT');
    for (const kind of mostSpecificFirst) {
      const ofKind = rules.filter(({ scope }) => scope.kind === kind);
      if (ofKind.length === 0) continue;
      const byKey = new Map(ofKind.map((rule) => [rule.scope.key, rule]));
      this.#byKind.push({ field: contextField[kind], rules: byKey });
    }
    for (const rule of rules) {
      if (rule.constraints ?? rule.segments ?? rule.startsAt ?? rule.endsAt)
        this.#conditions.set(rule, prepareConditions(rule, segments));
    }
  }

  /** The rule that decides for a context; the same as the reference's `winner`. */
  winner(context: FlagContext): Rule | undefined {
    for (const { field, rules } of this.#byKind) {
      const value = context[field];
      const rule = value === undefined ? undefined : rules.get(value);
      if (rule && this.#holds(rule, context)) return rule;
    }
    const rule = this.#everywhere;
    return rule && this.#holds(rule, context) ? rule : undefined;
  }

  #holds(rule: Rule, context: FlagContext): boolean {
    return this.#conditions.get(rule)?.(context) ?? true;
  }
}
