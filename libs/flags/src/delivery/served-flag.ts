import {
  compileFeature,
  decide,
  RuleIndex,
  type FlagDecision,
  type UnleashFeature,
} from '../compiler/index.js';
import type { FlagContext, FlagDefinition, FlagRule } from '../flag.js';
import { foldFeature, type Segments } from './fold/fold-feature.js';
import type { FixedContext } from './fold/token-scope.js';
import { render, renderJson, type Rendered } from './rendered.js';

/** Most tenants see one of a few forms of a flag; more forms than this are kept apart per tenant. */
const maxForms = 1_000;

/** A flag as it is sent: its JSON, and the segments that the SDK needs with it. */
export interface ServedFeature extends Rendered {
  readonly segments: readonly number[];
}

/** A flag of one environment as it is served: compiled once, decided by index. */
export class ServedFlag {
  readonly feature: UnleashFeature;
  /** For tokens of every tenant. */
  readonly whole: ServedFeature;
  readonly #index: RuleIndex;
  /** What tokens of a tenant get, by its JSON: tenants that see the same share it. */
  readonly #forms = new Map<string, ServedFeature>();

  constructor(
    readonly flag: FlagDefinition,
    readonly enabled: boolean,
    rules: readonly FlagRule[],
    description: string,
    /** Revision of the last change that an SDK of the environment could see. */
    readonly revision: number,
    private readonly segments: Segments = new Map(),
  ) {
    this.#index = new RuleIndex(rules);
    this.feature = compileFeature({ flag, archived: false, enabled, rules }, description);
    this.whole = { ...render(this.feature), segments: segmentsOf(this.feature) };
  }

  decide(context: FlagContext): FlagDecision {
    if (!this.enabled) return { ...decide(this.flag, undefined), reason: 'KILLED' };
    return decide(this.flag, this.#index.winner(context));
  }

  /** For a token that fixes part of the context; null for one that fixes nothing. */
  servedFor(fixed: FixedContext | null): ServedFeature {
    if (!fixed) return this.whole;
    const folded = foldFeature(this.feature, this.segments, fixed);
    const json = JSON.stringify(folded);
    const known = this.#forms.get(json);
    if (known) return known;
    const form = { ...renderJson(json), segments: segmentsOf(folded) };
    if (this.#forms.size < maxForms) this.#forms.set(json, form);
    return form;
  }
}

function segmentsOf({ strategies }: UnleashFeature): readonly number[] {
  const ids = new Set(strategies.flatMap(({ segments }) => segments ?? []));
  return ids.size === 0 ? none : [...ids];
}

const none: readonly number[] = [];
