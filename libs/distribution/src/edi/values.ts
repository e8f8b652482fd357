/** Calendar and number checks that both standards share. Values leave here in one writing: ISO dates, plain decimals. */

/** `CCYYMMDD` or `YYMMDD` (a year below 80 is in this century) as `CCYY-MM-DD`; null if there is no such day. */
export function readDate(text: string): string | null {
  const full = /^\d{6}$/.test(text) ? `${Number(text.slice(0, 2)) < 80 ? '20' : '19'}${text}` : text;
  if (!/^\d{8}$/.test(full)) return null;
  const iso = `${full.slice(0, 4)}-${full.slice(4, 6)}-${full.slice(6, 8)}`;
  const date = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso) ? iso : null;
}

/** `HHMM`, `HHMMSS` and fractions of a second. */
export function isTime(text: string): boolean {
  return /^([01]\d|2[0-3])[0-5]\d([0-5]\d\d{0,2})?$/.test(text);
}

/** A decimal of either standard as plain text (`9.25`, `-3`, `0.5`); null if it is none. No exponents. */
export function readDecimal(text: string, mark: '.' | ',' = '.'): string | null {
  const plain = mark === ',' ? text.replace(',', '.') : text;
  const match = /^(-?)(\d*)(?:\.(\d*))?$/.exec(plain);
  if (!match || plain.length > 20) return null;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (whole === '' && fraction === '') return null;
  const units = whole.replace(/^0+(?=\d)/, '') || '0';
  const decimals = fraction.replace(/0+$/, '');
  const value = decimals === '' ? units : `${units}.${decimals}`;
  return value === '0' ? '0' : `${sign}${value}`;
}

/** Characters that no element may carry: control characters other than what separates the elements. */
export function hasControlCharacter(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the very characters that must not occur
  return /[\u0000-\u001F\u007F\uFFFD]/.test(text);
}

/** Sum of plain decimals, exact. */
export function sumDecimals(values: readonly string[]): string {
  const scale = Math.max(0, ...values.map((value) => value.split('.')[1]?.length ?? 0));
  const total = values.reduce((sum, value) => {
    const [whole = '0', fraction = ''] = value.split('.');
    return sum + BigInt(whole + fraction.padEnd(scale, '0'));
  }, 0n);
  const digits = (total < 0n ? -total : total).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return readDecimal(total < 0n ? `-${text}` : text) ?? '0';
}
