import type { TenantIdentity } from '../../compiler/index.js';

/** What a token fixes of every context that is evaluated with it, and which flags it opens. */
export interface TokenScope {
  /** null: the token is good for every tenant. */
  tenant: TenantIdentity | null;
  /** Unit key of the one branch that the token is for; null: all of the tenant. */
  branch: string | null;
  /** The token opens the flags of this project alone; `*` stands for all. */
  project: string;
}

export const wholeEnvironment: TokenScope = { tenant: null, branch: null, project: '*' };

/** Tells scopes apart that may see different flags. */
export function scopeKey({ tenant, branch, project }: TokenScope): string {
  return JSON.stringify(tenant ? [project, tenant.slug, tenant.tier, tenant.region, branch] : [project]);
}

/** The fields of a context that a token decides, whatever a client claims. */
export class FixedContext {
  /** A field that is there without a value is known to be absent: a tenant without a region. */
  readonly #values: ReadonlyMap<string, string | undefined>;
  readonly #prefix: string;

  constructor(
    readonly tenant: TenantIdentity,
    branch: string | null,
  ) {
    this.#prefix = `${tenant.slug}/`;
    this.#values = new Map([
      ['tenant', tenant.slug],
      ['tier', tenant.tier],
      ['region', tenant.region ?? undefined],
      ...(branch === null ? [] : [['branch', branch] as const]),
    ]);
  }

  decides(field: string): boolean {
    return this.#values.has(field);
  }

  valueOf(field: string): string | undefined {
    return this.#values.get(field);
  }

  /** Fields whose values belong to a tenant: units by their key, and users whose id is written like one. */
  owns(field: string): boolean {
    return ownedFields.has(field) && !this.decides(field);
  }

  /** Whether a value of an owned field can be one of this tenant. */
  isOwn(field: string, value: string): boolean {
    if (value.startsWith(this.#prefix)) return true;
    return field === 'userId' && !unitLike.test(value);
  }

  /** Whether some value of the tenant's units can begin with a text. */
  canBegin(field: string, start: string, caseInsensitive: boolean): boolean {
    // Users of no tenant have any id that is not written like a unit's key.
    if (field === 'userId' && (caseInsensitive || !unitLike.test(start))) return true;
    const [text, prefix] = caseInsensitive
      ? [start.toLocaleLowerCase(), this.#prefix.toLocaleLowerCase()]
      : [start, this.#prefix];
    return text.startsWith(prefix) || prefix.startsWith(text);
  }
}

const ownedFields: ReadonlySet<string> = new Set(['branch', 'warehouse', 'account', 'userId']);
const unitLike = /^[a-z][a-z0-9-]*\//;

/** The tenant that a value of an owned field names; undefined for users of no tenant. */
export function tenantOfValue(value: string): string | undefined {
  return unitLike.test(value) ? value.slice(0, value.indexOf('/')) : undefined;
}
