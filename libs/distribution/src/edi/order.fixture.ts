import * as fc from 'fast-check';
import type { EdiStandard } from './delimiters.js';
import type { InboundOrder, InboundOrderLine, Party } from './inbound-order.js';

/** What a partner could order, with texts that need care: service characters of EDIFACT, blanks inside, umlauts. */

const word = fc.stringMatching(/^[A-Z0-9]{2,14}$/);

function text(standard: EdiStandard, max: number): fc.Arbitrary<string> {
  // X12 has no escape: its writer blanks delimiters, so a value that is to come back must not hold any.
  const characters = standard === 'X12' ? 'AZaz09 -./&äöÜ#' : "AZaz09 -./&äöÜ+:'?#";
  return fc
    .string({ unit: fc.constantFrom(...Array.from(characters)), minLength: 1, maxLength: max })
    .map((value) => value.trim())
    .filter((value) => value.length > 1);
}

const decimal = (max: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: 1, max }), fc.integer({ min: 0, max: 3 }))
    .map(([units, scale]) => String(units / 10 ** scale))
    .filter((value) => /^\d+(\.\d+)?$/.test(value));

const date = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2079-12-31'), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10));

function line(standard: EdiStandard, number: number): fc.Arbitrary<InboundOrderLine> {
  return fc.record({
    number: fc.constant(String(number)),
    items: fc.array(
      fc.record({ qualifier: fc.constantFrom('VN', 'BP', 'EN', 'UP', 'IB'), value: text(standard, 20) }),
      { minLength: 1, maxLength: 3 },
    ),
    quantity: decimal(99_999),
    unit: fc.constantFrom('EA', 'CA', 'DZ'),
    unitPrice: fc.option(decimal(9_999_999)),
    priceBasis: fc.constant('NET' as const),
    description: fc.option(text(standard, 35)),
  });
}

function party(standard: EdiStandard): fc.Arbitrary<Party> {
  return fc.record({
    role: fc.constantFrom('ST', 'BY', 'SU'),
    name: text(standard, 30),
    id: word,
    idQualifier: fc.constant(standard === 'X12' ? '92' : '9'),
    address: fc.array(text(standard, 30), { minLength: 1, maxLength: 2 }),
    city: text(standard, 20),
    region: fc.constant('NY'),
    postalCode: fc.constant('12345'),
    country: fc.constant('US'),
  });
}

/** One order as it is after reading. The message's control number is the writer's first. */
export function anyOrder(standard: EdiStandard): fc.Arbitrary<InboundOrder> {
  const x12 = standard === 'X12';
  const address = fc.record({ qualifier: fc.constantFrom('ZZ', '14', '01'), id: word });
  return fc
    .record({
      number: fc.integer({ min: 1, max: 999_999_999 }),
      sender: address,
      receiver: address,
      test: fc.boolean(),
      purchaseOrder: text(standard, 20),
      orderDate: date,
      requestedDate: fc.option(date),
      currency: fc.option(fc.constantFrom('USD', 'EUR')),
      parties: fc.array(party(standard), { maxLength: 3 }),
      lines: fc
        .integer({ min: 1, max: 12 })
        .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => line(standard, i + 1)))),
    })
    .map(({ number, lines, ...rest }) => ({
      ...rest,
      lines: [...lines],
      standard,
      version: x12 ? '004010' : 'D.96A',
      control: {
        interchange: x12 ? String(number).padStart(9, '0') : String(number),
        group: x12 ? String(number) : null,
        message: x12 ? '0001' : '1',
      },
    }));
}
