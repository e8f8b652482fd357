/**
 * Gates as e-processes: sequential tests that stay valid however often one looks.
 *
 * Of `n` outcomes `k` were bad. The null hypothesis is "a share of at most p0 is bad". For any alternative θ > p0 the
 * likelihood ratio
 *
 *     E_θ = (θ / p0)^k · ((1 − θ) / (1 − p0))^(n − k)
 *
 * is a non-negative supermartingale that begins at 1, as long as each outcome is bad with probability at most p0 given
 * all outcomes before it (independence is not needed); so is a mixture Σ w_j E_θj with Σ w_j = 1. By Ville's inequality
 * (J. Ville, Étude critique de la notion de collectif, 1939) it ever reaches 1/α with probability at most α. Stopping a
 * release when E ≥ 1/α therefore stops a good one with probability at most α, at any number of looks.
 *
 * Source: R. Turner, A. Ly, P. Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for
 * optional stopping", arXiv 2106.02693.
 */

export type GateVerdict = 'PASS' | 'FAIL' | 'INCONCLUSIVE';

/** Bad outcomes among all outcomes. */
export interface Counts {
  failures: number;
  samples: number;
}

/** Chance of stopping a good wave that all gates of the wave share. */
export const waveAlpha = 0.01;

/** Alternatives, as multiples of the odds of p0: from "twice as bad" to "nearly always bad". */
const oddsRatios = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/**
 * Evidence against "a share of at most p0 is bad": uniform mixture over alternatives with 2 to 1,024 times p0's odds.
 * @param p0 in (0, 1).
 * @returns E ≥ 0, cut off at 1e300 so that it stays a finite number.
 */
export function evidence({ failures, samples }: Counts, p0: number): number {
  const good = samples - failures;
  const logs = oddsRatios.map((ratio) => {
    const odds = (ratio * p0) / (1 - p0);
    const theta = odds / (1 + odds);
    return failures * Math.log(theta / p0) + good * Math.log((1 - theta) / (1 - p0));
  });
  // In logarithms, since the powers leave the range of a double long before their mean does.
  const largest = Math.max(...logs);
  const mean = logs.reduce((sum, log) => sum + Math.exp(log - largest), 0) / logs.length;
  return Math.min(Math.exp(largest + Math.log(mean)), 1e300);
}

export interface GateQuestion {
  counts: Counts;
  /** Highest share of bad outcomes that is still good, in (0, 1). */
  threshold: number;
  minSamples: number;
  /** Whether every tenant of the wave has been exposed for the whole soak. */
  soakOver: boolean;
  /** Chance of a false alarm that this gate may take: {@link waveAlpha} divided by the number of gates. */
  alpha: number;
}

export interface GateAnswer {
  verdict: GateVerdict;
  evidence: number;
  /** Why, for the release board. */
  explanation: string;
}

/**
 * FAIL as soon as the evidence reaches 1/α, PASS only after the soak and with enough samples, else INCONCLUSIVE:
 * silence is never taken for health.
 */
export function judge(question: GateQuestion): GateAnswer {
  const { counts, threshold, minSamples, soakOver, alpha } = question;
  const e = evidence(counts, threshold);
  const limit = 1 / alpha;
  const share = `${counts.failures} of ${counts.samples} (${percent(counts)}, at most ${percent(threshold)} allowed)`;
  const strength = `evidence ${figure(e)}, stops at ${figure(limit)}`;
  if (e >= limit) return { verdict: 'FAIL', evidence: e, explanation: `${share}: too many; ${strength}.` };
  if (counts.samples < minSamples) {
    const explanation = `${counts.samples} of ${minSamples} samples: too few to pass; ${strength}.`;
    return { verdict: 'INCONCLUSIVE', evidence: e, explanation };
  }
  if (!soakOver) {
    return { verdict: 'INCONCLUSIVE', evidence: e, explanation: `${share}: good so far; ${strength}.` };
  }
  return { verdict: 'PASS', evidence: e, explanation: `${share}: good; ${strength}.` };
}

function percent(value: Counts | number): string {
  const share = typeof value === 'number' ? value : value.samples === 0 ? 0 : value.failures / value.samples;
  return `${Number((share * 100).toPrecision(3))} %`;
}

function figure(value: number): string {
  return value >= 1e6 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
