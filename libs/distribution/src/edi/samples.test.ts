import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { acknowledgeInterchange, acceptedOrders, problemsOf, readEdi, type EdiReading } from './index.js';

const folder = 'test/fixtures/edi';
const at = new Date('2026-01-02T03:04:00Z');

function read(file: string): EdiReading {
  return readEdi(readFileSync(`${folder}/${file}`));
}

function orders(file: string) {
  return read(file).interchanges.flatMap(acceptedOrders);
}

/** `CODE segment@position element` of each problem. */
function faults(file: string): string[] {
  return problemsOf(read(file)).map(
    ({ code, segment, position, element }) => `${code} ${segment}@${position}${element ? ` ${element}` : ''}`,
  );
}

/** Every file and the problem that refuses it; an empty list means that all its orders are taken. */
const expected: Record<string, string[]> = {
  'x12/nodex12-850.edi': [],
  'x12/nodex12-850_2.edi': [],
  'x12/nodex12-850_3.edi': [],
  'x12/nodex12-850_fat.edi': [],
  'x12/oboe-5-850.x12': [],
  // ISA13 and IEA02 of these two differ.
  'x12/edinet-x12.850.edi': ['CONTROL_NUMBER_MISMATCH IEA@15 IEA02'],
  'x12/edinet-x12.850a.edi': ['CONTROL_NUMBER_MISMATCH IEA@54 IEA02', 'ELEMENT_TOO_LONG N4@24 N402'],
  // ISA16 is `~` and the line break ends segments, but every line ends in `~` as well.
  'x12/edinet-x12.850.issue135.edi': ['CONTROL_NUMBER_INVALID ST@3 ST02', 'ELEMENT_TOO_LONG BEG@4 BEG05'],
  'x12/edinet-x12.810.mandatory-conditions.edi': ['SEGMENT_MISSING BEG@4', 'COUNT_MISMATCH SE@8 SE01'],
  'x12/edinet-204-MGCTLYST-SAMPLE.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01'],
  'x12/edinet-210-MGCTLYST-SAMPLE.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01'],
  'x12/edinet-214-MGCTLYST-SAMPLE.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01'],
  'x12/edinet-990-MGCTLYST-SAMPLE.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01'],
  'x12/edinet-x12.810a.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01', 'ENVELOPE_STRUCTURE ISA@1 ISA02'],
  'x12/edinet-x12.810b.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01'],
  'x12/edinet-x12.810c.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01'],
  'x12/edinet-x12.810d.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01'],
  'x12/edinet-x12.832.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01'],
  'x12/nodex12-855.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01'],
  'x12/nodex12-856.edi': ['UNSUPPORTED_MESSAGE ST@3 ST01'],
  'edifact/edinet-edifact.01.edi': ['UNSUPPORTED_MESSAGE UNH@2 UNH S009.0065'],
  'edifact/edinet-edifact.01.multi-message.edi': ['UNSUPPORTED_MESSAGE UNH@33 UNH S009.0065'],
  'edifact/edinet-edifact.D01B.IFCSUM.edi': ['UNSUPPORTED_MESSAGE UNH@2 UNH S009.0065'],
  'edifact/edinet-edifact.ORDRSP-formatted.edi': ['UNSUPPORTED_MESSAGE UNH@2 UNH S009.0065'],
  'edifact/edinet-edifact.ORDRSP.edi': ['UNSUPPORTED_MESSAGE UNH@2 UNH S009.0065'],
  // The same bytes as negative/oboe-orders.withcompositechanged.edi: the directory is " 96A", UNZ differs from UNB.
  'edifact/oboe-orders.edi': [
    'ELEMENT_TOO_LONG UNH@2 UNH S009.0054',
    'CONTROL_NUMBER_MISMATCH UNZ@32 UNZ 0020',
  ],
  'edifact/oboe-orders.newdelimiters.edi': ['ELEMENT_TOO_LONG UNH@2 UNH S009.0054'],
  'edifact/oboe-orders.escape.edi': [
    'CONTROL_NUMBER_MISMATCH UNT@17 UNT 0062',
    'COUNT_MISMATCH UNT@17 UNT 0074',
  ],
  'negative/oboe-orders.missingMandatoryElements.edi': ['ELEMENT_MISSING DTM@5 DTM C507.2005'],
  'negative/oboe-orders.missingMandatorySegments.edi': ['SEGMENT_MISSING BGM@3', 'SEGMENT_MISSING DTM@3'],
  'negative/oboe-orders.withbadunbsegment.edi': ['EMPTY_SEGMENT UNB@2', 'EMPTY_SEGMENT QTY@19'],
  'negative/oboe-orders.withcompositechanged.edi': ['ELEMENT_TOO_LONG UNH@2 UNH S009.0054'],
};
const files = ['x12', 'edifact', 'negative'].flatMap((kind) =>
  readdirSync(`${folder}/${kind}`).map((name) => `${kind}/${name}`),
);

describe('the sample documents', () => {
  test('are all named in the table', () => {
    expect(files.toSorted()).toEqual(Object.keys(expected).toSorted());
  });

  test.each(Object.entries(expected))('%s is read as %j', (file, problems) => {
    if (problems.length === 0) expect(faults(file)).toEqual([]);
    expect(faults(file)).toEqual(expect.arrayContaining(problems));
    expect(orders(file).length > 0).toBe(problems.length === 0);
  });

  test.each(files)('%s is answered with an acknowledgement that says the same', (file) => {
    for (const interchange of read(file).interchanges) {
      const { body, kind } = acknowledgeInterchange(interchange, 17, at);
      const good = acceptedOrders(interchange).length > 0;
      if (kind === '997') {
        const { element, segment } = interchange.delimiters;
        const segments = body.split(segment).map((text) => text.trim().split(element).slice(0, 2).join(' '));
        expect(segments).toContain(good ? 'AK5 A' : 'AK5 R');
        expect(segments).toContain(good ? 'AK9 A' : 'AK9 R');
        expect(segments).not.toContain(good ? 'AK5 R' : 'AK5 A');
      } else {
        expect(body).toMatch(good ? /UCI\+.*\+7'/ : /UC[IM]\+.*\+4[+']/);
      }
      // Our own envelope is without fault: only the type of message is none that we take.
      const codes = new Set(problemsOf(readEdi(body)).map(({ code }) => code));
      expect([...codes]).toEqual(['UNSUPPORTED_MESSAGE']);
    }
  });

  test('an 850 becomes an order with its lines, numbers and prices', () => {
    const [order] = orders('x12/nodex12-850.edi');
    expect(order).toMatchObject({
      standard: 'X12',
      version: '004010VICS',
      sender: { qualifier: '12', id: '4405197800' },
      receiver: { qualifier: '01', id: '999999999' },
      control: { interchange: '000003438', group: '1421', message: '000000010' },
      purchaseOrder: '08292233294',
      orderDate: '2010-11-27',
      requestedDate: '2010-12-14',
      parties: [{ role: 'ST', name: 'XYZ RETAIL', city: 'SOLON', postalCode: '44139' }],
    });
    expect(order?.lines).toHaveLength(6);
    expect(order?.lines[4]).toEqual({
      number: '5',
      items: [
        { qualifier: 'CB', value: '065374-118' },
        { qualifier: 'PR', value: 'RO' },
        { qualifier: 'VN', value: 'RV0524' },
      ],
      quantity: '72',
      unit: 'EA',
      unitPrice: '7.5',
      priceBasis: 'NET',
      description: 'BLUE WIDGET',
    });
  });

  test('delimiters come from the interchange: control characters and line breaks', () => {
    expect(orders('x12/oboe-5-850.x12')[0]).toMatchObject({
      version: '003040',
      purchaseOrder: '2308',
      lines: [{ items: [{ qualifier: 'VP', value: 'CBBLUBR2/5' }, {}] }],
    });
    expect(orders('x12/nodex12-850_2.edi')[0]?.lines).toEqual(orders('x12/nodex12-850.edi')[0]?.lines);
  });

  test('a transmission of two interchanges yields both', () => {
    expect(orders('x12/nodex12-850_fat.edi')).toHaveLength(2);
  });

  test('ORDERS without its two faults is taken, released characters and all', () => {
    const text = readFileSync(`${folder}/edifact/oboe-orders.edi`, 'latin1')
      .replace('D: 96A', 'D:96A')
      .replace('+00000916', '+00000000000916')
      .replace('0835201031', "08352?+?:?????'1");
    const [order] = readEdi(`\uFEFF${text}`).interchanges.flatMap(acceptedOrders);
    expect(order).toMatchObject({
      standard: 'EDIFACT',
      version: 'D.96A',
      sender: { qualifier: '01', id: '003897733' },
      purchaseOrder: '0123456789123',
      orderDate: '1998-01-06',
      lines: [
        { number: '1', quantity: '2', unitPrice: '10.5', priceBasis: 'GROSS' },
        { number: '2', quantity: '10' },
        { number: '3', quantity: '5' },
      ],
    });
    expect(order?.lines[0]?.items).toEqual([{ qualifier: 'IB', value: "08352+:??'1" }]);
  });
});
