import {
  compileFeature,
  decide,
  RuleIndex,
  tenantView,
  type FlagDecision,
  type FlagState,
  type TenantIdentity,
  type UnleashFeature,
} from '../compiler/index.js';
import type { FlagContext, FlagDefinition, FlagRule } from '../flag.js';

/** A flag of one environment as it is served: compiled once, decided by index. */
export class ServedFlag {
  readonly feature: UnleashFeature;
  /** JSON of the feature for tokens of every tenant. */
  readonly json: string;
  readonly #index: RuleIndex;
  /** JSON for tenants that no rule names, by what the shared rules can tell apart. */
  readonly #sharedJson = new Map<string, string>();

  constructor(
    readonly flag: FlagDefinition,
    readonly enabled: boolean,
    rules: readonly FlagRule[],
    description: string,
  ) {
    this.#index = new RuleIndex(rules);
    this.feature = compileFeature(this.#state(rules), description);
    this.json = JSON.stringify(this.feature);
  }

  decide(context: FlagContext): FlagDecision {
    if (!this.enabled) return { ...decide(this.flag, undefined), reason: 'KILLED' };
    return decide(this.flag, this.#index.winner(context));
  }

  /** JSON of the feature for a token of one tenant. The description stays away: it may name others. */
  jsonFor(tenant: TenantIdentity): string {
    if (this.#index.concerns(tenant.slug)) return this.#compileFor(tenant);
    const group = `${tenant.tier} ${tenant.region ?? ''}`;
    let json = this.#sharedJson.get(group);
    if (json === undefined) {
      json = this.#compileFor(tenant);
      this.#sharedJson.set(group, json);
    }
    return json;
  }

  #compileFor(tenant: TenantIdentity): string {
    return JSON.stringify(compileFeature(this.#state(tenantView(this.#index.ofTenant(tenant.slug), tenant))));
  }

  #state(rules: readonly FlagRule[]): FlagState {
    return { flag: this.flag, archived: false, enabled: this.enabled, rules };
  }
}
