import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvBatches, type CsvBatch, type CsvFault } from './csv-batches.js';

const columns = ['sku', 'description'];

async function* inChunks(text: string | Buffer, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function batchesOf(text: string | Buffer, { chunk = 7, rows = 2 } = {}): Promise<CsvBatch[]> {
  const batches: CsvBatch[] = [];
  for await (const { bytes, ...batch } of csvBatches(inChunks(text, chunk), columns, rows)) {
    batches.push({ bytes: Buffer.from(bytes), ...batch });
  }
  return batches;
}

async function faultOf(text: string | Buffer): Promise<Pick<CsvFault, 'line' | 'field' | 'message'>> {
  try {
    await batchesOf(text);
  } catch (error) {
    const { line, field, message } = error as CsvFault;
    return { line, field, message };
  }
  throw new Error('no fault was found');
}

describe('csvBatches', () => {
  it('cuts whole records into batches and knows their lines', async () => {
    const batches = await batchesOf('sku,description\n1,a\n2,"b\nb"\n3,c\n');
    expect(batches.map(({ bytes, rows, line }) => [bytes.toString(), rows, line])).toEqual([
      ['1,a\n2,"b\nb"\n', 2, 2],
      ['3,c\n', 1, 5],
    ]);
  });

  it('gives back every byte after the header, however the file is cut into chunks and batches', async () => {
    const field = fc.oneof(
      fc.string().map((text) => `"${text.replaceAll('"', '""')}"`),
      fc.constantFrom('', 'plain', 'naïve'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(field, field), { minLength: 1 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom('\n', '\r\n'),
        async (records, chunk, rows, lineEnd) => {
          const body = records.map((record) => record.join(',') + lineEnd).join('');
          const batches = await batchesOf(`sku,description${lineEnd}${body}`, { chunk, rows });
          expect(Buffer.concat(batches.map((batch) => batch.bytes)).toString()).toBe(body);
          expect(batches.reduce((sum, batch) => sum + batch.rows, 0)).toBe(records.length);
        },
      ),
    );
  });

  it.each([
    ['an empty file', '', { line: 1, message: 'is empty or has no line end after the header' }],
    [
      'another header',
      'sku,name\n1,a\n',
      { line: 1, field: 'description', message: 'the header has "name" where "description" belongs' },
    ],
    [
      'a header with a column more',
      'sku,description,x\n',
      { line: 1, message: 'the header has an unknown column "x"' },
    ],
    [
      'a record with too few fields',
      'sku,description\n1,a\n2\n3,c\n',
      { line: 3, message: 'has 1 fields where the header has 2' },
    ],
    [
      'a record with too many fields',
      'sku,description\n1,a,b\n',
      { line: 2, message: 'has 3 fields where the header has 2' },
    ],
    [
      'a file cut off inside a record',
      'sku,description\n1,a\n2,',
      { line: 3, message: 'ends in the middle of a record: the file was cut off' },
    ],
    [
      'a file cut off inside quotes',
      'sku,description\n1,"a\nb',
      { line: 2, message: 'ends in the middle of a record: the file was cut off' },
    ],
    [
      'a stray quote',
      'sku,description\n1,a"b\n',
      { line: 2, message: 'has a quote inside a field that is not quoted' },
    ],
    [
      'text behind a quoted field',
      'sku,description\n1,"a"b\n',
      { line: 2, message: 'has text after a closing quote' },
    ],
    [
      'bytes that are not UTF-8',
      Buffer.from('sku,description\n1,a\n2,\xe9\n', 'latin1'),
      { line: 3, message: 'is not UTF-8' },
    ],
  ])('refuses %s', async (_, text, fault) => {
    expect(await faultOf(text)).toEqual({ field: undefined, ...fault });
  });
});
