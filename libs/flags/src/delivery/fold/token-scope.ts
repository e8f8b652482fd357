import type { TenantIdentity } from '../../compiler/index.js';
import { keyStart } from '../../pattern-start.js';

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
  /** Of every unit key of the tenant. */
  readonly prefix: string;

  constructor(
    readonly tenant: TenantIdentity,
    branch: string | null,
  ) {
    this.prefix = `${tenant.slug}/`;
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
    if (value.startsWith(this.prefix)) return true;
    return field === 'userId' && !unitLike.test(value);
  }

  /** Whether some value of the tenant's units can begin with a text. */
  canBegin(field: string, start: string, caseInsensitive: boolean): boolean {
    // Users of no tenant have any id that is not written like a unit's key.
    if (field === 'userId' && !unitLike.test(start)) return true;
    const text = caseInsensitive ? start.toLocaleLowerCase() : start;
    return text.startsWith(this.prefix) || this.prefix.startsWith(text);
  }

  /**
   * Whether a text can stand somewhere in a value of the tenant. One that is written like the beginning of a unit key,
   * `contoso/`, is about the tenant that it names; any other may stand in the code of a unit.
   */
  canHold(part: string, caseInsensitive: boolean): boolean {
    const start = keyStart(caseInsensitive ? part.toLocaleLowerCase() : part);
    return start === undefined || this.prefix.endsWith(start);
  }
}

const ownedFields: ReadonlySet<string> = new Set(['branch', 'warehouse', 'account', 'userId']);
/** Slugs are small; an id that differs from one in case alone belongs to no tenant, and is no free text either. */
const unitLike = /^[a-z][a-z0-9-]*\//i;

/** The tenant that a value of an owned field names; undefined for users of no tenant. */
export function tenantOfValue(value: string): string | undefined {
  return unitLike.test(value) ? value.slice(0, value.indexOf('/')) : undefined;
}
