import { PreparedStrategies, satisfies, type Segments } from '../evaluator/index.js';
import type { FlagContext, FlagRule } from '../flag.js';
import {
  baseStrategies,
  closedFor,
  decide,
  decideByStrategies,
  off,
  type FlagDecision,
  type FlagState,
} from './evaluate.js';
import { RuleIndex } from './rule-index.js';

/** Finds the decider of a flag that another depends on. */
export type DeciderLookup = (key: string) => FlagDecider | undefined;

/**
 * A flag of an environment prepared once and asked for many contexts; the same as the reference for each. A decision
 * costs a look-up per scope kind, however many rules there are.
 */
export class FlagDecider<Rule extends FlagRule = FlagRule> {
  readonly index: RuleIndex<Rule>;
  readonly #strategies: PreparedStrategies | undefined;

  constructor(
    readonly state: FlagState<Rule>,
    segments: Segments = new Map(),
    private readonly lookup: DeciderLookup = () => undefined,
  ) {
    const { strategies, variants } = baseStrategies(state);
    this.index = new RuleIndex(state.rules, segments);
    if (strategies)
      this.#strategies = new PreparedStrategies(
        { name: state.flag.key, strategies: [...strategies], variants: [...variants] },
        segments,
      );
  }

  decide(context: FlagContext): FlagDecision<Rule> {
    const { flag } = this.state;
    const closed = closedFor(this.state);
    if (closed) return off<Rule>(flag, closed, null);
    if (flag.dependencies?.length && !this.#satisfied(context)) return off<Rule>(flag, 'DEPENDENCY', null);
    const rule = this.index.winner(context);
    if (rule || !this.#strategies) return decide(flag, rule, context);
    return decideByStrategies<Rule>(flag, this.#strategies.evaluate(context));
  }

  #satisfied(context: FlagContext): boolean {
    return (this.state.flag.dependencies ?? []).every(({ flag: key, enabled: wanted, variants = [] }) => {
      const parent = this.lookup(key);
      if (!parent || parent.state.archived || parent.state.flag.dependencies?.length) return false;
      const { enabled, variant } = parent.decide(context);
      return satisfies(
        { ...(wanted === false ? { enabled: false } : {}), variants: [...variants] },
        enabled,
        enabled ? (variant ?? undefined) : undefined,
      );
    });
  }
}
