import { describe, expect, it } from '@jest/globals';
import { Decimal } from 'decimal.js';
import * as fc from 'fast-check';
import { currencyExponent } from './currency.js';
import {
  divideHalfUp,
  formatMicros,
  MAX_MICROS,
  marginPercent,
  parseMicros,
  percentOf,
  roundMicros,
  roundToMultiple,
  roundUpMicros,
} from './money.js';

const amount = fc.bigInt({ min: -MAX_MICROS, max: MAX_MICROS });
const exponent = fc.integer({ min: 0, max: 6 });
const Exact = Decimal.clone({ precision: 60, rounding: Decimal.ROUND_HALF_UP });
const asDecimal = (micros: bigint): Decimal => new Exact(micros.toString()).div(1_000_000);

describe('money', () => {
  it('reads back what it wrote, for every amount that numeric(18,6) holds', () => {
    fc.assert(
      fc.property(amount, exponent, (micros, decimals) => {
        expect(parseMicros(formatMicros(micros, decimals))).toBe(micros);
      }),
    );
  });

  it('writes the plain decimal that a price list shows', () => {
    expect(formatMicros(765_000_000n)).toBe('765.00');
    expect(formatMicros(-1n)).toBe('-0.000001');
    expect(formatMicros(5_000_000n, 0)).toBe('5');
    expect(formatMicros(0n)).toBe('0.00');
  });

  it.each(['', '1e3', '1.0000001', '1,5', ' 1', '--1', '1234567890123', 'NaN', '.5'])(
    'refuses %p rather than rounding or guessing',
    (text) => {
      expect(() => parseMicros(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    },
  );

  it('rounds like decimal.js with ROUND_HALF_UP', () => {
    fc.assert(
      fc.property(amount, exponent, (micros, digits) => {
        const expected = asDecimal(micros).toDecimalPlaces(digits, Decimal.ROUND_HALF_UP);
        expect(asDecimal(roundMicros(micros, digits)).equals(expected)).toBe(true);
      }),
    );
  });

  it('takes percentages like decimal.js', () => {
    fc.assert(
      fc.property(amount, fc.bigInt({ min: -1_000_000_000n, max: 1_000_000_000n }), (micros, percent) => {
        const expected = asDecimal(micros).mul(asDecimal(percent)).div(100);
        expect(asDecimal(percentOf(micros, percent)).equals(expected.toDecimalPlaces(6))).toBe(true);
      }),
    );
  });

  it('rounds up to the next step and by less than one step', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: MAX_MICROS }), exponent, (micros, digits) => {
        const rounded = roundUpMicros(micros, digits);
        expect(rounded >= micros && rounded - micros < 10n ** BigInt(6 - digits)).toBe(true);
        expect(rounded % 10n ** BigInt(6 - digits)).toBe(0n);
      }),
    );
  });

  it('rounds halves away from zero on both sides', () => {
    expect(roundMicros(2_655_000n, 2)).toBe(2_660_000n);
    expect(roundMicros(-2_655_000n, 2)).toBe(-2_660_000n);
    expect(divideHalfUp(-7n, 2n)).toBe(-4n);
    expect(roundToMultiple(1_025_000n, 50_000n)).toBe(1_050_000n);
    expect(() => divideHalfUp(1n, 0n)).toThrow(RangeError);
  });

  it('knows the exponent of currencies without hundredths', () => {
    expect(['EUR', 'USD', 'JPY', 'KWD'].map(currencyExponent)).toEqual([2, 2, 0, 3]);
  });

  it('has no margin on a price of nothing', () => {
    expect(marginPercent(0n, 5n)).toBeNull();
    expect(marginPercent(85_000_000n, 316_000_000n)).toBe(-271_764_706n);
  });
});
