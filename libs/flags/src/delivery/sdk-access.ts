import { Injectable } from '@nestjs/common';
import type { SdkTokenKind, SdkTokenScope } from '#identity';
import { TierdeckError } from '#platform';
import { off, type FlagDecision, type TenantIdentity } from '../compiler/index.js';
import type { FlagContext } from '../flag.js';
import type { EnvironmentFeed } from './environment-feed.js';
import type { FeedView } from './feed-view.js';
import { FlagFeed } from './flag-feed.js';
import type { TokenScope } from './fold/token-scope.js';
import { SdkTokenCache } from './sdk-token-cache.js';
import type { ServedFlag } from './served-flag.js';
import { TenantIdentities } from './tenant-identities.js';
import { within } from './within.js';

/** Nobody waits for longer than this, in milliseconds, for what may be a little newer. */
const patienceMs = 1_000;

/** What a token opens: the flags of one environment, of all tenants or of one. */
export interface SdkGrant {
  feed: EnvironmentFeed;
  tokenId: string;
  kind: SdkTokenKind;
  /** null: every tenant. */
  tenant: TenantIdentity | null;
  tenantId: string | null;
  scope: TokenScope;
  /** Newest change of a tenant that is in it; -1 if it is for all of them. */
  asOf: number;
  /** The flags as the token sees them, up to date with the feed. */
  view(): FeedView;
}

/** Whether a token may see a flag at all: it may be bound to one project. */
export function sees({ scope }: SdkGrant, { feature }: ServedFlag): boolean {
  return scope.project === '*' || scope.project === feature.project;
}

/** As an SDK with the token decides: what the token does not open, nothing can depend on. */
export function decideAs(grant: SdkGrant, served: ServedFlag, context: FlagContext): FlagDecision {
  const { dependencies = [] } = served.flag;
  const opens = (key: string) => {
    const parent = grant.feed.flags.get(key);
    return parent !== undefined && sees(grant, parent);
  };
  if (grant.scope.project === '*' || dependencies.every(({ flag }) => opens(flag)))
    return served.decide(context);
  return off(served.flag, 'DEPENDENCY', null);
}

/** A refusal in the protocols of the SDKs. */
export class SdkAccessError extends TierdeckError {}

/** Who may read flags, decided from memory where it can be. */
@Injectable()
export class SdkAccess {
  constructor(
    private readonly feed: FlagFeed,
    private readonly tokens: SdkTokenCache,
    private readonly tenants: TenantIdentities,
  ) {}

  /**
   * The grant without waiting; undefined if something must be looked up first.
   * @throws SdkAccessError as {@link grant} does.
   */
  peek(secret: string | undefined, kinds: readonly SdkTokenKind[]): SdkGrant | undefined {
    if (!secret) throw unauthenticated();
    const token = this.tokens.peek(secret);
    if (token === undefined) return undefined;
    const { tenantId } = checked(token, kinds);
    const tenant = tenantId === null ? null : this.tenants.peek(tenantId);
    if (tenant === undefined || token === null || this.#mustCatchUp(token)) return undefined;
    return this.#grant(token, tenant);
  }

  /**
   * @throws SdkAccessError with 401 for no or an unknown token, 403 for one of another kind, 503 for a fault that
   *   passes: never 401 or 403 for that, since an SDK that sees those stops for good.
   */
  async grant(secret: string | undefined, kinds: readonly SdkTokenKind[]): Promise<SdkGrant> {
    if (!secret) throw unauthenticated();
    const token = checked(await this.tokens.scopeOf(secret).catch(unavailable), kinds);
    const { tenantId } = token;
    const tenant = tenantId === null ? null : await this.tenants.identityOf(tenantId).catch(unavailable);
    const feed = this.#mustCatchUp(token);
    if (feed) await within(patienceMs, feed.catchUpTo(this.tenants.asOf)).catch(() => undefined);
    return this.#grant(token, tenant);
  }

  /** The grant anew, with its tenant asked for again: somebody has seen what this replica was told nothing of. */
  renewed(
    { tenantId }: SdkGrant,
    secret: string | undefined,
    kinds: readonly SdkTokenKind[],
  ): Promise<SdkGrant> {
    if (tenantId !== null) this.tenants.doubt(tenantId);
    return this.grant(secret, kinds);
  }

  /** What is served for a tenant as it is now is called no older than that. */
  #mustCatchUp({ tenantId, environment }: SdkTokenScope): EnvironmentFeed | undefined {
    const feed = tenantId === null ? undefined : this.feed.environment(environment);
    return feed && feed.revision < this.tenants.asOf ? feed : undefined;
  }

  /** What is known of a token for `/edge/validate`; undefined for one that is not valid. */
  async find(secret: string): Promise<SdkTokenScope | undefined> {
    return (await this.tokens.scopeOf(secret).catch(unavailable)) ?? undefined;
  }

  #grant(token: SdkTokenScope, tenant: TenantIdentity | null): SdkGrant {
    const { id: tokenId, environment, tenantId, branch, project, kind } = token;
    const feed = this.feed.environment(environment);
    if (!feed || feed.revision < 0) return unavailable(undefined);
    if (tenantId !== null && tenant === null)
      throw new SdkAccessError('FORBIDDEN', 'The tenant of this token is gone.', 403);
    const scope: TokenScope = { tenant, branch, project };
    const asOf = tenantId === null ? -1 : Math.min(this.tenants.asOf, feed.revision);
    return { feed, tokenId, kind, tenant, tenantId, scope, asOf, view: () => feed.view(scope) };
  }
}

function checked(token: SdkTokenScope | null, kinds: readonly SdkTokenKind[]): SdkTokenScope {
  if (!token) throw unauthenticated();
  if (!kinds.includes(token.kind)) {
    throw new SdkAccessError('FORBIDDEN', `A ${token.kind} token does not open this.`, 403, {
      hint: `Make one of kind ${kinds.join(' or ')} with createSdkToken.`,
    });
  }
  return token;
}

function unauthenticated(): SdkAccessError {
  return new SdkAccessError('UNAUTHENTICATED', 'A valid SDK token is needed.', 401, {
    hint: 'Send it as "Authorization: <token>"; createSdkToken makes one.',
  });
}

function unavailable(cause: unknown): never {
  throw new SdkAccessError('UNAVAILABLE', 'Flags cannot be read right now.', 503, { cause }, 'operator');
}

/** Unleash's SDKs send the bare token, others `Bearer <token>`. */
export function secretOf(header: string | undefined): string | undefined {
  if (!header) return undefined;
  const secret = header.startsWith('Bearer ') ? header.slice(7) : header;
  return secret.trim() || undefined;
}
