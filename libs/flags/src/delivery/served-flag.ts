import {
  compileFeature,
  FlagDecider,
  type DeciderLookup,
  type FlagDecision,
  type FlagState,
  type UnleashFeature,
} from '../compiler/index.js';
import type { FlagContext, FlagDefinition } from '../flag.js';
import { foldFeature, type Segments } from './fold/fold-feature.js';
import type { FixedContext } from './fold/token-scope.js';
import { render, renderJson, type Rendered } from './rendered.js';

/** Most tenants see one of a few forms of a flag; more forms than this are kept apart per tenant. */
const maxForms = 1_000;

/** A flag as it is sent: its JSON, and the segments that the SDK needs with it. */
export interface ServedFeature extends Rendered {
  readonly segments: readonly number[];
}

/** Where a served flag finds what it refers to. */
export interface ServedWorld {
  segments: Segments;
  lookup: DeciderLookup;
}

const emptyWorld: ServedWorld = { segments: new Map(), lookup: () => undefined };

/** A flag of one environment as it is served: compiled once, decided by index. */
export class ServedFlag {
  readonly flag: FlagDefinition;
  readonly feature: UnleashFeature;
  /** For tokens of every tenant. */
  readonly whole: ServedFeature;
  readonly decider: FlagDecider;
  readonly #segments: Segments;
  /** What tokens of a tenant get, by its JSON: tenants that see the same share it. */
  readonly #forms = new Map<string, ServedFeature>();

  constructor(
    state: FlagState,
    description: string,
    /** Revision of the last change that an SDK of the environment could see. */
    readonly revision: number,
    { segments, lookup }: ServedWorld = emptyWorld,
  ) {
    this.flag = state.flag;
    this.#segments = segments;
    this.decider = new FlagDecider(state, segments, lookup);
    this.feature = compileFeature(state, description, segments);
    this.whole = { ...render(this.feature), segments: segmentsOf(this.feature) };
  }

  decide(context: FlagContext): FlagDecision {
    return this.decider.decide(context);
  }

  /** For a token that fixes part of the context; null for one that fixes nothing. */
  servedFor(fixed: FixedContext | null): ServedFeature {
    if (!fixed) return this.whole;
    const folded = foldFeature(this.feature, this.#segments, fixed);
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
