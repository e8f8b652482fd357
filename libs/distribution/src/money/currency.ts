/**
 * Currencies whose smallest unit is not a hundredth, by ISO 4217 (list one, "minor unit" column). Those with no minor
 * unit that trade ever uses are given as 0, as in the standard.
 */
const exponents = new Map<string, number>([
  ...['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV'].map(
    (code) => [code, 0] as const,
  ),
  ...['XAF', 'XOF', 'XPF'].map((code) => [code, 0] as const),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((code) => [code, 3] as const),
  ...['CLF', 'UYW'].map((code) => [code, 4] as const),
]);

/** Digits after the point of a currency's smallest unit; 2 unless ISO 4217 says otherwise. */
export function currencyExponent(currency: string): number {
  return exponents.get(currency) ?? 2;
}
