/** What the kits derive from raw data in the same way. */
import { createHash } from 'node:crypto';

/** `Liberty's Delightful Sinful Bakery & Cafe` → `libertys-delightful-sinful-bakery-cafe` */
export function slug(name) {
  return name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f'’.]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 64);
}

/** Amount with two decimals, half up; raw data hold binary fractions such as 21.3500004. */
export function money(amount) {
  return (Math.round(Number(amount) * 100 + 1e-6) / 100).toFixed(2);
}

/**
 * Class by value: the accounts of the first two deciles are A, of the next three B, the others C.
 * @param {Map<string, number>} valueByAccount
 * @returns {Map<string, 'A' | 'B' | 'C'>}
 */
export function classesByValue(valueByAccount) {
  const ranked = [...valueByAccount].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return new Map(
    ranked.map(([account], rank) => {
      const decile = Math.floor((10 * rank) / ranked.length);
      return [account, decile < 2 ? 'A' : decile < 5 ? 'B' : 'C'];
    }),
  );
}

/** The movements that brought the stock in, with ids that depend on nothing but their content. */
export function openingMovements(kit, stock, at) {
  return stock
    .filter((row) => row.on_hand > 0)
    .map((row) => ({
      id: uuidOf(`${kit}/${row.item}/${row.warehouse}`),
      item: row.item,
      warehouse: row.warehouse,
      kind: 'OPENING',
      on_hand_delta: row.on_hand,
      reference: `kit ${kit}`,
      at,
    }));
}

/** A version 8 UUID (RFC 9562) made of a SHA-256. */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Great-circle distance in km (haversine, mean Earth radius 6,371 km). */
export function distanceKm(a, b) {
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const dLat = radians(b.latitude - a.latitude);
  const dLon = radians(b.longitude - a.longitude);
  const h =
    Math.sin(dLat / 2) ** 2 +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(dLon / 2) ** 2;
  return 2 * 6371 * Math.asin(Math.sqrt(h));
}

/**
 * EDI partners for the accounts named first: half sign in X12, half in EDIFACT.
 * Real accounts, invented addresses: the raw data hold no EDI identities.
 */
export function ediPartners(accounts) {
  return accounts.map(({ code, name }, i) => {
    const x12 = i % 2 === 0;
    return {
      code,
      name,
      standard: x12 ? 'X12' : 'EDIFACT',
      qualifier: x12 ? 'ZZ' : '14',
      identifier: code.toUpperCase().slice(0, 15),
      account: code,
      profile: x12 ? { version: '004010' } : { version: 'D96A' },
    };
  });
}

/** The rows without a property that only the derivation needed. */
export function without(rows, key) {
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== key)));
}

export function sum(rows, value) {
  return rows.reduce((total, row) => total + value(row), 0);
}

/** @returns {Map<string, any[]>} in the order in which the keys come first */
export function groupBy(rows, key) {
  const groups = new Map();
  for (const row of rows) {
    const k = key(row);
    const group = groups.get(k);
    if (group) group.push(row);
    else groups.set(k, [row]);
  }
  return groups;
}

/** The key with the greatest weight; of equals the one that sorts first. */
export function heaviest(rows, key, weight = () => 1) {
  const weights = new Map();
  for (const row of rows) weights.set(key(row), (weights.get(key(row)) ?? 0) + weight(row));
  return [...weights].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0];
}

/** Order by code unit, the same on every machine. */
export function byText(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
