/** A rate limit: `perSecond` sustained, at most `burst` at once (at least 1). */
export interface Rate {
  perSecond: number;
  burst: number;
}

export interface RateDecision {
  admitted: boolean;
  /** Requests that would be admitted right now, after this one. */
  remaining: number;
  /** Milliseconds until the next request is admitted; 0 if one is now. Infinity under a rate of 0. */
  retryAfterMs: number;
  /** Milliseconds until the whole burst is available again. */
  resetMs: number;
}

/** Share of one interval within which sums of floating-point times count as equal. */
const rounding = 1e-5;

/**
 * The generic cell rate algorithm (ITU-T I.371): a token bucket kept as one number, the theoretical arrival time
 * of the next request. In any window of w seconds it admits at most `perSecond * w + burst` requests.
 */
export class Gcra {
  #arrival = -Infinity;
  #interval = 0;
  #tolerance = 0;

  /** @param nowMs a clock that never goes back. */
  take(rate: Rate, nowMs: number): RateDecision {
    if (rate.perSecond <= 0) return refusedForever;
    this.#use(rate, nowMs);
    const ahead = this.#arrival - nowMs;
    if (ahead > this.#tolerance + rounding * this.#interval) return this.#decision(false, nowMs);
    this.#arrival += this.#interval;
    return this.#decision(true, nowMs);
  }

  /** The state of the bucket, without taking from it. */
  peek(rate: Rate, nowMs: number): RateDecision {
    if (rate.perSecond <= 0) return refusedForever;
    this.#use(rate, nowMs);
    return this.#decision(true, nowMs);
  }

  #use(rate: Rate, nowMs: number): void {
    const interval = 1_000 / rate.perSecond;
    const tolerance = (Math.max(1, rate.burst) - 1) * interval;
    if (interval !== this.#interval || tolerance !== this.#tolerance) {
      this.#interval = interval;
      this.#tolerance = tolerance;
      // After a larger burst ended, its debt must not outlast an empty bucket of the new rate.
      this.#arrival = Math.min(this.#arrival, nowMs + tolerance + interval);
    }
    this.#arrival = Math.max(this.#arrival, nowMs);
  }

  #decision(admitted: boolean, nowMs: number): RateDecision {
    const ahead = this.#arrival - nowMs;
    const room = this.#tolerance - ahead;
    return {
      admitted,
      // Half the allowance that admission makes, so that no more is promised than will be admitted.
      remaining: Math.max(0, Math.floor(room / this.#interval + rounding / 2) + 1),
      retryAfterMs: Math.max(0, -room),
      resetMs: ahead,
    };
  }
}

const refusedForever: RateDecision = {
  admitted: false,
  remaining: 0,
  retryAfterMs: Infinity,
  resetMs: Infinity,
};
