import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { X12Parser, type X12Interchange } from 'node-x12';
import {
  acceptedOrders,
  acknowledgeInterchange,
  ediLimits,
  outcomeOf,
  problemsOf,
  readEdi,
  respondToOrder,
  write850,
  writeOrders,
  type InboundOrder,
  type OrderResponseLine,
} from './index.js';
import { anyOrder } from './order.fixture.js';
import { loopsOf } from './segment.js';
import { detectDelimiters, type Delimiters } from './delimiters.js';
import { tokenize } from './tokenizer.js';

const at = new Date('2026-03-04T05:06:00Z');
const folder = 'test/fixtures/edi';
const samples = ['x12', 'edifact', 'negative'].flatMap((kind) =>
  readdirSync(`${folder}/${kind}`).map((name) => readFileSync(`${folder}/${kind}/${name}`)),
);
const write = (order: InboundOrder): string =>
  order.standard === 'X12' ? write850([order], at) : writeOrders([order], at);
const order = fc.oneof(anyOrder('X12'), anyOrder('EDIFACT'));

/** Reads and answers, as the intake does; fails only if something throws. */
function survive(document: Uint8Array): void {
  const reading = readEdi(document);
  const orders = reading.interchanges.flatMap(acceptedOrders);
  expect(orders.length > 0 || problemsOf(reading).length > 0).toBe(true);
  for (const problem of problemsOf(reading)) expect(problem.reason).toMatch(/\S/);
  for (const interchange of reading.interchanges) {
    const { body } = acknowledgeInterchange(interchange, 1, at);
    // Whatever was sent, what we answer is a clean interchange.
    const codes = problemsOf(readEdi(body)).map(({ code, segment }) => `${code} ${segment}`);
    const addressed = interchange.sender.id.length >= 2 && interchange.receiver.id.length >= 2;
    if (addressed)
      expect(codes.filter((code) => code.startsWith('COUNT') || code.startsWith('SEGMENT'))).toEqual([]);
  }
}

describe('writers and readers', () => {
  test('an order comes back as it was written', () => {
    fc.assert(
      fc.property(order, (written) => {
        const reading = readEdi(Buffer.from(write(written)));
        expect(problemsOf(reading)).toEqual([]);
        expect(reading.interchanges.flatMap(acceptedOrders)).toEqual([written]);
      }),
      { numRuns: 300 },
    );
  });

  test('the order without one of its segments is never taken for whole', () => {
    fc.assert(
      fc.property(order, fc.nat(), (written, pick) => {
        const segments = write(written).split('\n').filter(Boolean);
        const start = written.standard === 'X12' ? 0 : 1;
        const index = start + (pick % (segments.length - start));
        const reading = readEdi(segments.toSpliced(index, 1).join('\n'));
        expect(reading.interchanges.flatMap(acceptedOrders)).toEqual([]);
        expect(problemsOf(reading).length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  test('responses name every line with its status, in an envelope without fault', () => {
    const status = fc.constantFrom('IA', 'IP', 'IB', 'BP', 'IH', 'IR', 'R2', 'R3');
    fc.assert(
      fc.property(order, fc.array(status, { minLength: 12, maxLength: 12 }), (written, statuses) => {
        const lines = written.lines.map((ordered, index): OrderResponseLine => {
          return {
            ordered,
            status: statuses[index] as OrderResponseLine['status'],
            quantity: '1',
            unitPrice: '9.5',
            sku: 'SKU-1',
            reason: "not + : ' ? * ~ as ordered",
          };
        });
        const outcome = outcomeOf(lines);
        const response = {
          order: written,
          outcome,
          orderNumber: 'o-1',
          currency: 'EUR',
          lines,
          reason: null,
        };
        const { body } = respondToOrder(response, 77, at);
        expect(new Set(problemsOf(readEdi(body)).map(({ code }) => code))).toEqual(
          new Set(['UNSUPPORTED_MESSAGE']),
        );
        const delimiters = detectDelimiters(body) as Delimiters;
        const { segments } = tokenize(body, delimiters, ediLimits);
        const { loops } = loopsOf(segments, written.standard === 'X12' ? 'PO1' : 'LIN', ['CTT', 'UNS']);
        expect(loops).toHaveLength(lines.length);
        if (written.standard === 'X12') {
          const acks = segments.filter(({ tag }) => tag === 'ACK').map(({ elements }) => elements[0]?.[0]);
          expect(acks).toEqual(lines.map((line) => line.status));
        }
      }),
    );
  });
});

describe('whatever is sent', () => {
  test('bytes at random are refused and answered, never thrown at', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), survive), { numRuns: 500 });
  });

  test('samples with bytes changed, dropped, doubled or cut are read or refused, never thrown at', () => {
    const change = fc.record({
      kind: fc.constantFrom('set', 'drop', 'double', 'cut'),
      at: fc.nat(),
      length: fc.integer({ min: 1, max: 40 }),
      byte: fc.oneof(
        fc.constantFrom(...Buffer.from("~*>:'+?\n\r UNBISAGSE\0\x1d")),
        fc.integer({ min: 0, max: 255 }),
      ),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(change, { minLength: 1, maxLength: 8 }),
        (sample, changes) => {
          let bytes = Buffer.from(sample);
          for (const { kind, at, length, byte } of changes) {
            const start = at % Math.max(1, bytes.length);
            const [before, part, after] = [
              bytes.subarray(0, start),
              bytes.subarray(start, start + length),
              bytes.subarray(start + length),
            ];
            if (kind === 'set')
              bytes = Buffer.concat([before, Buffer.from([byte]), bytes.subarray(start + 1)]);
            if (kind === 'drop') bytes = Buffer.concat([before, after]);
            if (kind === 'double') bytes = Buffer.concat([before, part, part, after]);
            if (kind === 'cut') bytes = before;
          }
          survive(bytes);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  const unb = "UNB+UNOC:3+A+B+200101:0000+1'";
  test.each([
    ['a document beyond the bytes', unb.padEnd(ediLimits.maxBytes + 1, 'A'), 'TOO_LARGE'],
    ['a header without end', `ISA*${'A'.repeat(200_000)}`, 'ENVELOPE_STRUCTURE'],
    ['an element without end', `${unb}UNH+1+ORDERS:D:96A:UN'FTX+${'A'.repeat(500_000)}'`, 'TOO_LARGE'],
    ['elements without end', `${unb}UNH+1+ORDERS:D:96A:UN'FTX${'+'.repeat(500_000)}'`, 'TOO_LARGE'],
    ['components without end', `${unb}UNH${':'.repeat(500_000)}'`, 'TOO_LARGE'],
    ['terminators without end', `${unb}${"'".repeat(500_000)}`, 'EMPTY_SEGMENT'],
    ['releases without end', `${unb}${'?'.repeat(500_001)}`, 'TRUNCATED'],
    ['segments without end', `${unb}${"X'".repeat(ediLimits.maxSegments + 10)}`, 'TOO_LARGE'],
    ['messages without end', `${unb}${"UNH+1+ORDERS'".repeat(50_000)}`, 'TOO_LARGE'],
    ['interchanges without end', `${unb}UNZ+0+1'`.repeat(1_000), 'TOO_LARGE'],
  ])('%s is refused with few problems', (_, document, code) => {
    const reading = readEdi(Buffer.from(document));
    const problems = problemsOf(reading);
    expect(problems.map((problem) => problem.code)).toContain(code);
    expect(reading.interchanges.flatMap(acceptedOrders)).toEqual([]);
    for (const interchange of reading.interchanges) acknowledgeInterchange(interchange, 1, at);
    expect(JSON.stringify(problems).length).toBeLessThan(1_000_000);
  });

  test('an order with too many lines is refused', () => {
    const [written] = fc.sample(anyOrder('X12'), 1) as [InboundOrder];
    const [line] = written.lines as [InboundOrder['lines'][number]];
    const limits = { ...ediLimits, maxLines: 5 };
    const lines = Array.from({ length: 6 }, () => line);
    const reading = readEdi(write({ ...written, lines }), limits);
    expect(problemsOf(reading).map(({ code }) => code)).toEqual(['TOO_LARGE']);
  });
});

describe('node-x12, an independent reader', () => {
  test('finds the same segments and elements in what we write', () => {
    fc.assert(
      fc.property(anyOrder('X12'), (written) => {
        const body = write850([written], at);
        const theirs = new X12Parser(true).parse(body) as X12Interchange;
        const transaction = theirs.functionalGroups[0]?.transactions[0];
        const ours = tokenize(body, detectDelimiters(body) as Delimiters, ediLimits).segments;
        expect(
          transaction?.segments.map(({ tag, elements }) => [tag, ...elements.map(({ value }) => value)]),
        ).toEqual(ours.slice(3, -3).map(({ tag, elements }) => [tag, ...elements.flat()]));
      }),
    );
  });
});
