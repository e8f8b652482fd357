import { Injectable } from '@nestjs/common';
import { SdkTokensService, type SdkTokenScope } from '#identity';
import { hashToken } from '#platform';
import { Kept } from './kept.js';
import { Lookups } from './lookups.js';
import { within } from './within.js';

interface Entry {
  /** null: there is no such token. */
  scope: SdkTokenScope | null;
  generation: number;
}

/** Bounds what a flood of made-up tokens can occupy. */
const maxUnknown = 10_000;
/** What is known is not kept waiting for longer than this, in milliseconds, while the database does not answer. */
const patienceMs = 1_000;

/**
 * Answers of {@link SdkTokensService} kept in memory by the token's hash. A revision of identity makes all of them be
 * asked for again. While PostgreSQL is away, a token that was good stays good: an SDK that is told 401 or 403 stops
 * asking for good.
 */
@Injectable()
export class SdkTokenCache {
  readonly #good = new Map<string, Entry>();
  readonly #unknown = new Kept<Entry>(maxUnknown);
  readonly #lookups: Lookups<SdkTokenScope>;
  #generation = 0;

  constructor(tokens: SdkTokensService) {
    this.#lookups = new Lookups((hashes) => tokens.byHashes(hashes));
  }

  invalidate(): void {
    this.#generation += 1;
    this.#unknown.clear();
  }

  /** The answer if it is at hand and fresh, without waiting: the hot path of every poll. */
  peek(secret: string): SdkTokenScope | null | undefined {
    const key = hashToken(secret);
    const entry = this.#good.get(key) ?? this.#unknown.get(key);
    return entry?.generation === this.#generation ? entry.scope : undefined;
  }

  /**
   * @returns null if the token is unknown or revoked.
   * @throws what the database throws, if nothing is known of the token.
   */
  async scopeOf(secret: string): Promise<SdkTokenScope | null> {
    const fresh = this.peek(secret);
    if (fresh !== undefined) return fresh;
    const key = hashToken(secret);
    // Taken before the query: a revocation that comes while it runs makes the answer stale at once.
    const generation = this.#generation;
    const looked = this.#lookups.get(key).then((found) => {
      const scope = found ?? null;
      this.#remember(key, { scope, generation });
      return scope;
    });
    const known = this.#good.get(key);
    return known ? within(patienceMs, looked).catch(() => known.scope) : looked;
  }

  #remember(key: string, entry: Entry): void {
    if (entry.scope) {
      this.#good.set(key, entry);
      return;
    }
    this.#good.delete(key);
    this.#unknown.set(key, entry);
  }
}
