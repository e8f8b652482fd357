import type { FeatureFilter, FeedView } from './feed-view.js';
import { Kept } from './kept.js';
import type { Payload } from './payload.js';
import { SdkAccessError, type SdkGrant } from './sdk-access.js';

/** Payloads kept; the one that was not asked for longest goes first. */
const maxKept = 200;
/** Payloads that one token may have made at once, and in every second after that. */
const burst = 200;
const perSecond = 20;
/** Tokens whose share is remembered. */
const maxTokens = 10_000;

interface Share {
  left: number;
  /** When that was so, in milliseconds of a clock that never goes back. */
  at: number;
}

/**
 * Answers to polls that ask for a part of the flags. Whoever comes again with the same question costs nothing until an
 * answer changes; whoever comes with a new question each time is held back, and the others are not.
 */
export class FilteredPayloads {
  readonly #kept = new Kept<Payload>(maxKept);
  readonly #shares = new Kept<Share>(maxTokens);

  /** @throws SdkAccessError TOO_MANY_FILTERS with 429, on which SDKs keep what they have and ask less often. */
  get({ feed, tokenId }: SdkGrant, view: FeedView, filter: FeatureFilter, inline: boolean): Payload {
    // Views of one environment with one id have the same flags, whosever they are; what filters look at besides is not
    // sent, and changes with the environment.
    const key = `${feed.environment} ${feed.changedRevision} ${view.id} ${inline} ${filter.key}`;
    return this.#kept.getOr(key, () => {
      this.#charge(tokenId);
      return view.filteredPayload(filter, inline);
    });
  }

  #charge(tokenId: string): void {
    const now = performance.now();
    const { left, at } = this.#shares.get(tokenId) ?? { left: burst, at: now };
    const refilled = Math.min(burst, left + ((now - at) * perSecond) / 1_000);
    if (refilled < 1)
      throw new SdkAccessError('TOO_MANY_FILTERS', 'Too many different filters; ask less often.', 429);
    this.#shares.set(tokenId, { left: refilled - 1, at: now });
  }
}
