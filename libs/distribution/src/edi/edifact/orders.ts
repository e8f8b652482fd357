import type { InboundOrder, InboundOrderLine, ItemId, Party } from '../inbound-order.js';
import type { EdiLimits } from '../limits.js';
import { problem, type EdiProblem } from '../problem.js';
import { firstOf, loopsOf, valueOf, type Segment } from '../segment.js';
import { checkStructure, segmentTable } from '../structure.js';
import { isTime, readDate, readDecimal, sumDecimals } from '../values.js';
import { checkElements, elementProblem } from './elements.js';

const allowance = 'ALC*(ALI* DTM* QTY?(RNG?) PCD?(RNG?) MOA*(RNG?) RTE?(RNG?) TAX*(MOA?))';
const transport = 'TDT*(LOC*(DTM*)) TOD*(LOC*)';
const packages = 'PAC*(MEA* QTY* DTM* RFF*(DTM*) PCI*(RFF? DTM* GIN*))';

/** Segment table of ORDERS, D.96A with what D.93A to D.01B add; between UNH and UNT. */
const table = segmentTable(`
  BGM! DTM+ PAI? ALI* IMD* FTX* GIR* RFF*(DTM*) NAD*(LOC* FII* RFF*(DTM*) DOC*(DTM*) CTA*(COM*)) TAX*(MOA? LOC*)
  CUX*(PCD* DTM*) PAT*(DTM* PCD? MOA?) ${transport} PAC*(MEA* PCI*(RFF? DTM* GIN*)) EQD*(HAN* MEA* FTX*)
  SCC*(FTX* RFF* QTY*(DTM*)) APR*(DTM* RNG?) ${allowance} RCS*(RFF* DTM* FTX*) DGS*(FTX* CTA*(COM*))
  LIN+(PIA* IMD* MEA* QTY* PCD* ALI* DTM* MOA* GEI* GIN* GIR* QVR* DOC* PAI? MTD* FTX* CCI*(CAV* MEA*)
    PAT*(DTM* PCD? MOA?) PRI*(CUX? APR* RNG? DTM*) RFF*(DTM*) ${packages} LOC*(QTY? PCD? DTM*) TAX*(MOA? LOC*)
    NAD*(LOC* FII* RFF*(DTM*) DOC*(DTM*) CTA*(COM*)) ${allowance} ${transport} EQD*(HAN* MEA* FTX*)
    SCC*(FTX* RFF* QTY*(DTM*)) RCS*(RFF* DTM* FTX*) STG*(QTY?(MOA?)) DGS*(FTX* CTA*(COM*)))
  UNS! MOA* CNT* ALC*(ALI? MOA*)
`);

/** DTM 2005: the day the goods are wanted, the firmest first. */
const requestedDates = ['2', '63', '64', '76', '10'];

export interface OrdersMessage {
  order: Pick<
    InboundOrder,
    'purchaseOrder' | 'orderDate' | 'requestedDate' | 'currency' | 'parties' | 'lines'
  > | null;
  problems: EdiProblem[];
}

/** Reads the segments between UNH and UNT as a new order. */
export function readOrders(
  segments: readonly Segment[],
  decimal: '.' | ',',
  limits: EdiLimits,
): OrdersMessage {
  const problems = [
    ...checkStructure(table, segments),
    ...segments.flatMap((segment) => checkElements(segment, decimal)),
    ...segments.filter(({ tag }) => tag === 'DTM').flatMap(checkDate),
  ];
  const { head, loops, tail } = loopsOf(segments, 'LIN', ['UNS']);
  const bgm = firstOf(head, 'BGM');
  if (bgm && !['', '9'].includes(valueOf(bgm, 3))) {
    const reason = 'is not 9: only original orders are taken';
    problems.push(elementProblem('ELEMENT_VALUE', bgm, [3, null], '1225', reason));
  }
  if (loops.length > limits.maxLines) {
    problems.push(problem('TOO_LARGE', 'LIN', `An order has at most ${limits.maxLines} lines.`));
  }
  const lines = loops
    .slice(0, limits.maxLines)
    .map((loop, index) => readLine(loop, index, decimal, problems));
  if (loops.length === lines.length) checkTotals(tail, lines, decimal, problems);
  const orderDate = dateOf(head, ['137', '4']);
  const dtm = firstOf(head, 'DTM');
  if (dtm && orderDate === null && problems.length === 0) {
    const reason = 'is never 137: the date of the order is missing';
    problems.push(elementProblem('ELEMENT_VALUE', dtm, [1, 1], 'C507.2005', reason));
  }
  if (problems.length > 0 || !bgm || orderDate === null) return { order: null, problems };
  const currency = firstOf(head, 'CUX');
  return {
    order: {
      purchaseOrder: valueOf(bgm, 2),
      orderDate,
      requestedDate: dateOf(head, requestedDates),
      currency: valueOf(currency, 1, 2) || null,
      parties: head.filter(({ tag }) => tag === 'NAD').map(readParty),
      lines,
    },
    problems,
  };
}

function readLine(
  loop: readonly Segment[],
  index: number,
  decimal: '.' | ',',
  problems: EdiProblem[],
): InboundOrderLine {
  const lin = loop[0] as Segment;
  const own = loop.slice(0, loop.findIndex(({ tag }) => tag === 'LOC' || tag === 'SCC') >>> 0);
  const ordered = own.find(
    (segment) => segment.tag === 'QTY' && ['21', '131', '1'].includes(valueOf(segment, 1)),
  );
  const quantity = readDecimal(valueOf(ordered, 1, 2), decimal) ?? '';
  if (!ordered) {
    const reason = `Line ${valueOf(lin, 1) || index + 1} has no QTY with the quantity ordered (21).`;
    problems.push(problem('SEGMENT_MISSING', 'QTY', reason, { position: lin.position }));
  } else if (quantity === '0' || quantity.startsWith('-')) {
    problems.push(elementProblem('ELEMENT_VALUE', ordered, [1, 2], 'C186.6060', 'is not above zero'));
  }
  const items = itemsOf(loop);
  if (items.length === 0) {
    problems.push(
      elementProblem(
        'ELEMENT_MISSING',
        lin,
        [3, 1],
        'C212.7140',
        'is needed: an item number, here or in PIA',
      ),
    );
  }
  const price = ['AAA', 'AAB', 'INF', 'CAL'].flatMap((kind) =>
    loop.filter((segment) => segment.tag === 'PRI' && valueOf(segment, 1) === kind),
  )[0];
  const allowances = loop.some((segment) => segment.tag === 'ALC');
  return {
    number: valueOf(lin, 1) || String(index + 1),
    items,
    quantity,
    unit: valueOf(ordered, 1, 3) || null,
    unitPrice: readDecimal(valueOf(price, 1, 2), decimal),
    priceBasis: price && (valueOf(price, 1) !== 'AAA' || allowances) ? 'GROSS' : 'NET',
    description: valueOf(firstOf(loop, 'IMD'), 3, 4) || null,
  };
}

function itemsOf(loop: readonly Segment[]): ItemId[] {
  const [lin] = loop;
  const items: ItemId[] = [];
  if (valueOf(lin, 3) !== '') items.push({ qualifier: valueOf(lin, 3, 2) || 'ZZ', value: valueOf(lin, 3) });
  for (const pia of loop.filter(({ tag }) => tag === 'PIA')) {
    for (let place = 2; place <= pia.elements.length; place++) {
      const value = valueOf(pia, place);
      if (value !== '') items.push({ qualifier: valueOf(pia, place, 2) || 'ZZ', value });
    }
  }
  return items;
}

/** CNT 2 counts the lines, CNT 1 adds up the quantities. */
function checkTotals(
  tail: readonly Segment[],
  lines: readonly InboundOrderLine[],
  decimal: '.' | ',',
  problems: EdiProblem[],
): void {
  for (const cnt of tail.filter(({ tag }) => tag === 'CNT')) {
    const stated = readDecimal(valueOf(cnt, 1, 2), decimal);
    const report = (reason: string): void => {
      problems.push(elementProblem('COUNT_MISMATCH', cnt, [1, 2], 'C270.6066', reason));
    };
    if (stated === null) continue;
    if (valueOf(cnt, 1) === '2' && stated !== String(lines.length)) {
      report(`says ${stated} lines, the order has ${lines.length}`);
    }
    if (valueOf(cnt, 1) === '1' && lines.every(({ quantity }) => quantity !== '')) {
      const sum = sumDecimals(lines.map(({ quantity }) => quantity));
      if (sum !== stated) report(`says ${stated}, the quantities add up to ${sum}`);
    }
  }
}

function checkDate(dtm: Segment): EdiProblem[] {
  const [value, format] = [valueOf(dtm, 1, 2), valueOf(dtm, 1, 3)];
  if (value === '' || !['101', '102', '203', '204'].includes(format)) return [];
  return readDateTime(value, format) === null
    ? [elementProblem('ELEMENT_DATE', dtm, [1, 2], 'C507.2380', `is no date of format ${format}`)]
    : [];
}

/** 2379: 101 YYMMDD, 102 CCYYMMDD, 203 with HHMM, 204 with HHMMSS. */
function readDateTime(value: string, format: string): string | null {
  const day = format === '101' ? 6 : 8;
  const time = value.slice(day);
  const size = { '203': 4, '204': 6 }[format] ?? 0;
  if (time.length !== size || (size > 0 && !isTime(time))) return null;
  return readDate(value.slice(0, day));
}

function dateOf(head: readonly Segment[], qualifiers: readonly string[]): string | null {
  for (const qualifier of qualifiers) {
    const dtm = head.find((segment) => segment.tag === 'DTM' && valueOf(segment, 1) === qualifier);
    if (dtm) return readDateTime(valueOf(dtm, 1, 2), valueOf(dtm, 1, 3) || '102');
  }
  return null;
}

function readParty(nad: Segment): Party {
  const lines = (element: number): string[] =>
    (nad.elements[element - 1] ?? []).filter((text) => text !== '');
  const [name] = lines(4);
  return {
    role: valueOf(nad, 1),
    name: name ?? valueOf(nad, 3) ?? null,
    id: valueOf(nad, 2) || null,
    idQualifier: valueOf(nad, 2, 3) || null,
    address: lines(5),
    city: valueOf(nad, 6) || null,
    region: valueOf(nad, 7) || null,
    postalCode: valueOf(nad, 8) || null,
    country: valueOf(nad, 9) || null,
  };
}
