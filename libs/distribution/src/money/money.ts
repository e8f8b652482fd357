import { InvalidInputError } from '#platform';

/**
 * Money and percentages as whole millionths (micro units). A `numeric(18,6)` of the database is exactly one such
 * number, so nothing is ever rounded by being stored, and sums on the hot path are integer sums.
 */
export type Micros = bigint;

export const MICROS_PER_UNIT = 1_000_000n;

/** Largest amount that a `numeric(18,6)` holds: 999,999,999,999.999999. */
export const MAX_MICROS: Micros = 999_999_999_999_999_999n;

const decimalText = /^(-)?(\d{1,12})(?:\.(\d+))?$/;

/**
 * Reads decimal text exactly, e.g. `"12.5"` → 12500000n.
 * @throws InvalidInputError if the text is no plain decimal, has more than 12 digits before the point, or more than
 *   6 significant digits after it (nothing is rounded in silence).
 */
export function parseMicros(text: string, field?: string): Micros {
  const match = decimalText.exec(text);
  const fraction = (match?.[3] ?? '').replace(/0+$/, '');
  if (!match || fraction.length > 6) {
    throw new InvalidInputError(
      `"${text.slice(0, 40)}" is not an amount with at most 12 digits before and 6 after the point.`,
      field === undefined ? {} : { field },
    );
  }
  const micros = BigInt(match[2]!) * MICROS_PER_UNIT + BigInt(fraction.padEnd(6, '0'));
  return match[1] ? -micros : micros;
}

/** Text that `numeric(18,6)` reads back exactly; at least `decimals` digits after the point, e.g. `12.50`. */
export function formatMicros(micros: Micros, decimals = 2): string {
  const sign = micros < 0n ? '-' : '';
  const digits = (micros < 0n ? -micros : micros).toString().padStart(7, '0');
  const whole = digits.slice(0, -6);
  const fraction = digits.slice(-6).replace(/0+$/, '').padEnd(decimals, '0');
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** `numerator / denominator`, half away from zero (HALF_UP as accountants and PostgreSQL's `round` use it). */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  if (denominator === 0n) throw new RangeError('division by zero');
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const quotient = (2n * n + d) / (2n * d);
  return negative ? -quotient : quotient;
}

/** `numerator / denominator` of non-negative numbers, rounded up: for floors that must never be undercut. */
export function divideUp(numerator: bigint, denominator: bigint): bigint {
  if (numerator < 0n || denominator <= 0n)
    throw new RangeError('divideUp takes numbers that are not negative');
  return (numerator + denominator - 1n) / denominator;
}

/** Rounds to `exponent` digits after the point (0 to 6), HALF_UP. */
export function roundMicros(micros: Micros, exponent: number): Micros {
  const step = stepOf(exponent);
  return divideHalfUp(micros, step) * step;
}

/** The smallest amount of `exponent` digits that is not below `micros` (which is not negative). */
export function roundUpMicros(micros: Micros, exponent: number): Micros {
  const step = stepOf(exponent);
  return divideUp(micros, step) * step;
}

/** Rounds HALF_UP to a multiple of `step`, e.g. 50000n for prices that end in .05 or .00. */
export function roundToMultiple(micros: Micros, step: Micros): Micros {
  if (step <= 0n) throw new RangeError('a rounding step is positive');
  return divideHalfUp(micros, step) * step;
}

/** `micros × percent / 100`, HALF_UP to the micro unit; the percentage is in micros too (10 % = 10000000n). */
export function percentOf(micros: Micros, percentMicros: Micros): Micros {
  return divideHalfUp(micros * percentMicros, 100n * MICROS_PER_UNIT);
}

/** `(price − cost) / price × 100` in micros of a percent, HALF_UP; null where the price is 0 and a margin has no meaning. */
export function marginPercent(price: Micros, cost: Micros): Micros | null {
  if (price === 0n) return null;
  return divideHalfUp((price - cost) * 100n * MICROS_PER_UNIT, price);
}

function stepOf(exponent: number): bigint {
  if (!Number.isInteger(exponent) || exponent < 0 || exponent > 6) {
    throw new RangeError('an exponent is a whole number from 0 to 6');
  }
  return 10n ** BigInt(6 - exponent);
}
