import type { TenantQueryable } from '#runtime';
import { canonicalItemQualifier, type InboundOrder, type InboundOrderLine } from '../inbound-order.js';
import type { LineStatus } from '../order-response.js';
import type { PartnerProfile } from './partner.js';

/** An order line in our terms. */
export interface ResolvedLine {
  line: InboundOrderLine;
  sku: string;
  quantity: number;
  /** Unit of measure as the item names it. */
  uom: string;
  /** Base units in one `uom`. */
  factor: number;
}

export interface RefusedLine {
  line: InboundOrderLine;
  status: LineStatus;
  sku: string | null;
  reason: string;
}

interface ItemRow {
  sku: string;
  barcode: string | null;
  uom: string;
  pack_size: number;
  saleable: boolean;
  uoms: Record<string, number> | null;
}

/** Codes of both standards for a single piece. */
const pieces = new Set(['EA', 'PC', 'PCE', 'C62', 'H87', 'UN', 'EACH']);
/** Codes of both standards for a pack of the item's own size. */
const packs = new Set(['PACK', 'PK', 'PA', 'CA', 'CS', 'CT', 'BX', 'DS']);

/** Finds our item, unit and quantity of each line; a line that has none is refused with the reason. */
export async function resolveLines(
  tx: TenantQueryable,
  order: InboundOrder,
  profile: PartnerProfile,
): Promise<(ResolvedLine | RefusedLine)[]> {
  const numbers = new Set(order.lines.flatMap(({ items }) => items.map(({ value }) => value)));
  const skus = [...new Set([...numbers, ...Object.values(profile.items)])];
  const { rows } = await tx.query<ItemRow & Record<string, unknown>>(
    `select sku, barcode, uom, pack_size, saleable, attributes->'uoms' as uoms from item
     where sku = any($1) or barcode = any($2)`,
    [skus, [...numbers]],
  );
  const bySku = new Map(rows.map((row) => [row.sku, row]));
  const byBarcode = new Map(rows.flatMap((row) => (row.barcode === null ? [] : [[row.barcode, row]])));
  return order.lines.map((line) => {
    const item = findItem(order, line, profile, bySku, byBarcode);
    if (!item) {
      const tried = line.items.map(({ qualifier, value }) => `${qualifier} ${value}`).join(', ');
      return { line, status: 'R2', sku: null, reason: `No item is known by ${tried}.` };
    }
    return resolveUnit(line, item, profile);
  });
}

/** The first number, in the partner's order of trust, that names one of our items. */
function findItem(
  { standard }: InboundOrder,
  { items }: InboundOrderLine,
  profile: PartnerProfile,
  bySku: ReadonlyMap<string, ItemRow>,
  byBarcode: ReadonlyMap<unknown, ItemRow>,
): ItemRow | undefined {
  const rank = (qualifier: string): number => {
    const index = profile.itemIds.indexOf(canonicalItemQualifier(standard, qualifier));
    return index < 0 ? profile.itemIds.length : index;
  };
  for (const { qualifier, value } of items.toSorted((a, b) => rank(a.qualifier) - rank(b.qualifier))) {
    const kind = canonicalItemQualifier(standard, qualifier);
    const mapped = kind === 'BP' ? profile.items[value] : undefined;
    const barcode = kind === 'EN' || kind === 'UP' ? byBarcode.get(value) : undefined;
    const found = (mapped === undefined ? undefined : bySku.get(mapped)) ?? barcode ?? bySku.get(value);
    if (found) return found;
  }
  return undefined;
}

function resolveUnit(
  line: InboundOrderLine,
  item: ItemRow,
  profile: PartnerProfile,
): ResolvedLine | RefusedLine {
  const { sku } = item;
  if (!item.saleable) return { line, status: 'IR', sku, reason: `Item ${sku} is not for sale.` };
  const uoms: Record<string, number> = {
    ...(item.pack_size > 1 ? { PACK: item.pack_size } : {}),
    ...item.uoms,
  };
  const uom = unitOf(line.unit, item.uom, uoms, profile);
  if (uom === null) {
    const known = [item.uom, ...Object.keys(uoms)].join(', ');
    return { line, status: 'R3', sku, reason: `Item ${sku} is not sold by ${line.unit}; it is by ${known}.` };
  }
  const quantity = Number(line.quantity);
  if (!Number.isSafeInteger(quantity)) {
    return { line, status: 'IR', sku, reason: `Item ${sku} is sold in whole units only.` };
  }
  return { line, sku, quantity, uom, factor: uom === item.uom ? 1 : (uoms[uom] ?? 1) };
}

function unitOf(
  sent: string | null,
  base: string,
  uoms: Readonly<Record<string, number>>,
  { units }: PartnerProfile,
): string | null {
  if (sent === null) return base;
  const unit = units[sent] ?? sent;
  if (unit === base || Object.hasOwn(uoms, unit)) return unit;
  if (pieces.has(unit) && pieces.has(base)) return base;
  return packs.has(unit) && Object.hasOwn(uoms, 'PACK') ? 'PACK' : null;
}
