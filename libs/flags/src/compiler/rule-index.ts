import type { Predicate, Segments } from '../evaluator/index.js';
import { contextField, scopeKinds, tenantOfScope, type FlagContext, type FlagRule } from '../flag.js';
import { prepareConditions } from './rule-conditions.js';

const mostSpecificFirst = scopeKinds.slice(1).toReversed() as Exclude<
  (typeof scopeKinds)[number],
  'ENVIRONMENT'
>[];

/**
 * The rules of one flag in one environment, found by key: a decision costs one look-up per scope kind, and the rules of
 * one tenant are found without looking at those of the others.
 */
export class RuleIndex<Rule extends FlagRule = FlagRule> {
  readonly #byScope = new Map<string, Rule>();
  /** Of the rules that have any. */
  readonly #conditions = new Map<Rule, Predicate>();
  readonly #byTenant = new Map<string, Rule[]>();
  readonly #shared: Rule[] = [];

  constructor(
    readonly rules: readonly Rule[],
    segments: Segments = new Map(),
  ) {
    for (const rule of rules) {
      this.#byScope.set(`${rule.scope.kind} ${rule.scope.key}`, rule);
      if (rule.constraints ?? rule.segments ?? rule.startsAt ?? rule.endsAt)
        this.#conditions.set(rule, prepareConditions(rule, segments));
      const tenant = tenantOfScope(rule.scope);
      if (tenant === undefined) this.#shared.push(rule);
      else if (this.#byTenant.has(tenant)) this.#byTenant.get(tenant)?.push(rule);
      else this.#byTenant.set(tenant, [rule]);
    }
  }

  /** The rule that decides for a context; the same as the reference's `winner`. */
  winner(context: FlagContext): Rule | undefined {
    for (const kind of mostSpecificFirst) {
      const value = context[contextField[kind]];
      const rule = value === undefined ? undefined : this.#byScope.get(`${kind} ${value}`);
      if (rule && this.#holds(rule, context)) return rule;
    }
    const rule = this.#byScope.get('ENVIRONMENT *');
    return rule && this.#holds(rule, context) ? rule : undefined;
  }

  #holds(rule: Rule, context: FlagContext): boolean {
    return this.#conditions.get(rule)?.(context) ?? true;
  }

  /** Whether any rule names this tenant or a unit of it. */
  concerns(slug: string): boolean {
    return this.#byTenant.has(slug);
  }

  /** The rules that can concern a tenant: those above tenants, those of users, and its own. */
  ofTenant(slug: string): Rule[] {
    return [...this.#shared, ...(this.#byTenant.get(slug) ?? [])];
  }
}
