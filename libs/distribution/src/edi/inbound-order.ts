import type { EdiStandard } from './delimiters.js';

/** A partner's address as the interchange gives it: `ZZ` and an id in X12, code list qualifier and id in EDIFACT. */
export interface PartnerAddress {
  qualifier: string | null;
  id: string;
}

export interface Party {
  /** N1 or NAD code, e.g. `ST` (ship to), `BY` (buyer), `DP` (delivery party). */
  role: string;
  name: string | null;
  /** The id and who gives it out (`92` in X12, `9` for GS1 in EDIFACT). */
  id: string | null;
  idQualifier: string | null;
  address: string[];
  city: string | null;
  region: string | null;
  postalCode: string | null;
  country: string | null;
}

/** An item number with the standard's qualifier: UP, EN, VN, BP, … (`canonicalItemQualifier` joins the standards). */
export interface ItemId {
  qualifier: string;
  value: string;
}

export interface InboundOrderLine {
  /** The partner's line number, given back in the response; the place of the line if it has none. */
  number: string;
  items: ItemId[];
  /** Plain decimal, above zero. */
  quantity: string;
  /** Unit of measure in the standard's code; null means each. */
  unit: string | null;
  /** Price per unit that the partner expects, as a plain decimal; null leaves the price to the supplier. */
  unitPrice: string | null;
  /** A gross price is before the partner's own allowances and is not compared with ours. */
  priceBasis: 'NET' | 'GROSS';
  description: string | null;
}

/** A purchase order, whichever standard it came in. */
export interface InboundOrder {
  standard: EdiStandard;
  /** Message version, e.g. `004010` or `D.96A`. */
  version: string;
  sender: PartnerAddress;
  receiver: PartnerAddress;
  test: boolean;
  control: { interchange: string; group: string | null; message: string };
  purchaseOrder: string;
  /** ISO dates. */
  orderDate: string;
  requestedDate: string | null;
  currency: string | null;
  parties: Party[];
  lines: InboundOrderLine[];
}

/** Where the goods go: ship-to, else delivery party, else the buyer. */
export function shipTo(order: InboundOrder): Party | null {
  return party(order, 'ST') ?? party(order, 'DP') ?? buyer(order);
}

/** Who orders: the buyer, else whom the invoice goes to. */
export function buyer(order: InboundOrder): Party | null {
  return party(order, 'BY') ?? party(order, 'BT') ?? party(order, 'IV');
}

function party(order: InboundOrder, role: string): Party | null {
  return order.parties.find((candidate) => candidate.role === role) ?? null;
}

const edifactQualifiers: Readonly<Record<string, string>> = { SA: 'VN', IN: 'BP', MF: 'MG', SRV: 'EN' };
const x12Qualifiers: Readonly<Record<string, string>> = { VP: 'VN', CB: 'BP', PI: 'BP', UK: 'EN', UI: 'UP' };

/** One name for the same kind of number: UP (UPC), EN (GTIN), VN (supplier's number), BP (buyer's number). */
export function canonicalItemQualifier(standard: EdiStandard, qualifier: string): string {
  const names = standard === 'X12' ? x12Qualifiers : edifactQualifiers;
  return names[qualifier] ?? qualifier;
}
