import type { InboundOrder, InboundOrderLine, ItemId, Party } from '../inbound-order.js';
import type { EdiLimits } from '../limits.js';
import { problem, type EdiProblem } from '../problem.js';
import { firstOf, loopsOf, valueOf, type Segment } from '../segment.js';
import { checkStructure, segmentTable } from '../structure.js';
import { readDate, readDecimal, sumDecimals } from '../values.js';
import { checkElements, elementProblem } from './elements.js';

const name = 'N2* N3* N4* NX2* REF* PER* SI* FOB* TD1* TD5* TD3* TD4* PKG*';

/** Segment table of the purchase order, 004010 with what 3040 and 5010 add; between ST and SE. */
const table = segmentTable(`
  BEG! CUR? REF* PER* TAX* FOB* CTP* PAM* CSH* SAC*(CUR?) ITD* DIS* INC? DTM* LIN* SI* PID* MEA* PWK* PKG* TD1* TD5*
  TD3* TD4* MAN* PCT* CTB* TXI* LDT*(QTY* MTX* REF*) AMT*(REF* DTM? PCT* FA1*(FA2*)) NTE* N9*(DTM* MTX* PWK* EFI* MSG*)
  N1*(${name}) LM*(LQ+) SPI*(REF* DTM* MSG*) ADV*(DTM* MTX*)
  PO1+(LIN* SI* CUR? CN1? PO3* CTP*(CUR?) PAM* MEA* PID*(MEA*) PWK* PO4* REF* PER* SAC*(CUR? CTP? NTE*) IT8* CSH* ITD*
    DIS* INC? TAX* FOB* SDQ* IT3* DTM* TC2* TD1* TD5* TD3* TD4* PCT* MAN* NTE* MSG* SPI* TXI* CTB* QTY*(SI*)
    SCH*(TD1* TD5* TD3* TD4* REF*) PKG*(MEA*) LS? LDT*(QTY* MTX* REF* LM*(LQ+)) LE?
    N9*(DTM* MEA* MTX* PWK* EFI* MSG*) N1*(${name} QTY* SCH* LDT*)
    SLN*(MSG* SI* PID* PO3* TC2* ADV* DTM* CTP* PAM* PO4* TAX* N9*(DTM* MTX* MSG*) SAC*(CUR? CTP*) QTY* N1*(${name}))
    AMT*(REF* PCT*) LM*(LQ+))
  CTT?(AMT*) AMT*
`);

/** PO105 codes of a price before discounts or for resale, not to be compared with ours. */
const grossPriceCodes = new Set(['GR', 'RE', 'RS', 'SR', 'UM', 'LR', 'MS']);

export interface Order850 {
  order: Pick<
    InboundOrder,
    'purchaseOrder' | 'orderDate' | 'requestedDate' | 'currency' | 'parties' | 'lines'
  > | null;
  problems: EdiProblem[];
}

/** Reads the segments between ST and SE as a new purchase order. */
export function readOrder850(segments: readonly Segment[], limits: EdiLimits): Order850 {
  const problems = [...checkStructure(table, segments), ...segments.flatMap(checkElements)];
  const { head, loops, tail } = loopsOf(segments, 'PO1', ['CTT']);
  const beg = firstOf(head, 'BEG');
  if (beg && valueOf(beg, 1) !== '' && valueOf(beg, 1) !== '00') {
    problems.push(elementProblem('ELEMENT_VALUE', beg, 1, 'is not 00: only original orders are taken'));
  }
  if (loops.length > limits.maxLines) {
    problems.push(problem('TOO_LARGE', 'PO1', `An order has at most ${limits.maxLines} lines.`));
  }
  const lines = loops.slice(0, limits.maxLines).map((loop, index) => readLine(loop, index, problems));
  if (loops.length === lines.length) checkTotals(tail, lines, problems);
  const orderDate = beg ? readDate(valueOf(beg, 5)) : null;
  if (problems.length > 0 || !beg || orderDate === null) return { order: null, problems };
  return {
    order: {
      purchaseOrder: valueOf(beg, 3),
      orderDate,
      requestedDate: requestedDate(head),
      currency: valueOf(firstOf(head, 'CUR'), 2) || null,
      parties: loopsOf(head, 'N1', ['LM', 'SPI', 'ADV']).loops.map(readParty),
      lines,
    },
    problems,
  };
}

function readLine(loop: readonly Segment[], index: number, problems: EdiProblem[]): InboundOrderLine {
  const line = loop[0] as Segment;
  const quantity = readDecimal(valueOf(line, 2)) ?? '';
  if (quantity === '')
    problems.push(elementProblem('ELEMENT_MISSING', line, 2, 'is needed: the quantity ordered'));
  else if (quantity === '0' || quantity.startsWith('-')) {
    problems.push(elementProblem('ELEMENT_VALUE', line, 2, 'is not above zero'));
  }
  const price = readDecimal(valueOf(line, 4));
  if (price?.startsWith('-')) problems.push(elementProblem('ELEMENT_VALUE', line, 4, 'is below zero'));
  const items: ItemId[] = [];
  for (let place = 6; place < line.elements.length; place += 2) {
    const [qualifier, value] = [valueOf(line, place), valueOf(line, place + 1)];
    if (qualifier !== '' && value !== '') items.push({ qualifier, value });
  }
  if (items.length === 0)
    problems.push(elementProblem('ELEMENT_MISSING', line, 7, 'is needed: an item number'));
  return {
    number: valueOf(line, 1) || String(index + 1),
    items,
    quantity,
    unit: valueOf(line, 3) || null,
    unitPrice: price,
    priceBasis: grossPriceCodes.has(valueOf(line, 5)) ? 'GROSS' : 'NET',
    description: valueOf(firstOf(loop, 'PID'), 5) || null,
  };
}

/** CTT01 counts the lines; CTT02, where the partner sends it, is a hash total: the sum of the quantities. */
function checkTotals(
  tail: readonly Segment[],
  lines: readonly InboundOrderLine[],
  problems: EdiProblem[],
): void {
  const ctt = firstOf(tail, 'CTT');
  if (!ctt) return;
  if (valueOf(ctt, 1) !== '' && Number(valueOf(ctt, 1)) !== lines.length) {
    const reason = `says ${valueOf(ctt, 1)} lines, the order has ${lines.length}`;
    problems.push(elementProblem('COUNT_MISMATCH', ctt, 1, reason));
  }
  const hash = readDecimal(valueOf(ctt, 2));
  if (hash === null || lines.some(({ quantity }) => quantity === '')) return;
  const sum = sumDecimals(lines.map(({ quantity }) => quantity));
  if (sum !== hash)
    problems.push(elementProblem('COUNT_MISMATCH', ctt, 2, `says ${hash}, the quantities add up to ${sum}`));
}

/** DTM 002 (delivery requested), else 106 (required by), 010 (requested ship date). */
function requestedDate(head: readonly Segment[]): string | null {
  for (const qualifier of ['002', '106', '010']) {
    const found = head.find((segment) => segment.tag === 'DTM' && valueOf(segment, 1) === qualifier);
    if (found) return readDate(valueOf(found, 2));
  }
  return null;
}

function readParty(loop: readonly Segment[]): Party {
  const [n1] = loop;
  const place = firstOf(loop, 'N4');
  return {
    role: valueOf(n1, 1),
    name: valueOf(n1, 2) || null,
    id: valueOf(n1, 4) || null,
    idQualifier: valueOf(n1, 3) || null,
    address: loop
      .filter(({ tag }) => tag === 'N2' || tag === 'N3')
      .flatMap((segment) => [valueOf(segment, 1), valueOf(segment, 2)])
      .filter((text) => text !== ''),
    city: valueOf(place, 1) || null,
    region: valueOf(place, 2) || null,
    postalCode: valueOf(place, 3) || null,
    country: valueOf(place, 4) || null,
  };
}
