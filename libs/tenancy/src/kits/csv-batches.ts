import { isUtf8 } from 'node:buffer';

/** A fault of a CSV file; the reader adds which kit and file. */
export class CsvFault extends Error {
  constructor(
    message: string,
    /** 1 is the header. */
    readonly line: number,
    readonly field?: string,
  ) {
    super(message);
  }
}

export interface CsvBatch {
  /** Whole records, each with its line end. */
  bytes: Buffer;
  rows: number;
  /** Line of the first record. */
  line: number;
}

const comma = 0x2c;
const quote = 0x22;
const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Cuts CSV (RFC 4180, UTF-8, with a header) into batches of whole records, without decoding them: the bytes go to
 * COPY as they are. Every record is counted and measured on the way.
 * @param columns what the header must name, in this order
 * @throws CsvFault for a wrong header, a record with too few or too many fields, a stray quote, bytes that are not
 *   UTF-8, or an end in the middle of a record.
 */
export async function* csvBatches(
  source: AsyncIterable<Buffer>,
  columns: readonly string[],
  batchRows: number,
): AsyncGenerator<CsvBatch> {
  const scanner = new RecordScanner(columns, batchRows);
  for await (const chunk of source) yield* scanner.push(chunk);
  yield* scanner.end();
}

class RecordScanner {
  /** Bytes not yet given out: whole records, then the one that is being read. */
  #pending: Buffer = Buffer.alloc(0);
  /** Where scanning goes on, and where the record that is being read begins. */
  #at = 0;
  #recordStart = 0;
  #line = 1;
  #recordLine = 1;
  #batchLine = 2;
  #rows = 0;
  #fields = 1;
  #headerSeen = false;
  #state: 'FIELD_START' | 'BARE' | 'QUOTED' | 'QUOTE_CLOSED' = 'FIELD_START';

  constructor(
    private readonly columns: readonly string[],
    private readonly batchRows: number,
  ) {}

  *push(chunk: Buffer): Generator<CsvBatch> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (this.#at < this.#pending.length) {
      const byte = this.#pending[this.#at++];
      if (byte === newline) this.#line++;
      if (this.#state === 'QUOTED') {
        if (byte === quote) this.#state = 'QUOTE_CLOSED';
      } else if (byte === newline) {
        if (this.#endRecord()) yield this.#takeBatch();
      } else if (byte === comma) {
        this.#fields++;
        this.#state = 'FIELD_START';
      } else if (byte === quote) {
        if (this.#state === 'BARE') throw this.#fault('has a quote inside a field that is not quoted');
        this.#state = 'QUOTED';
      } else if (this.#state === 'QUOTE_CLOSED' && byte !== carriageReturn) {
        throw this.#fault('has text after a closing quote');
      } else if (this.#state === 'FIELD_START') {
        this.#state = 'BARE';
      }
    }
  }

  *end(): Generator<CsvBatch> {
    if (!this.#headerSeen) throw new CsvFault('is empty or has no line end after the header', 1);
    if (this.#recordStart < this.#pending.length) {
      throw new CsvFault('ends in the middle of a record: the file was cut off', this.#recordLine);
    }
    if (this.#rows > 0) yield this.#takeBatch();
  }

  /** @returns whether a batch is full */
  #endRecord(): boolean {
    if (this.#headerSeen) this.#checkRecord();
    else this.#takeHeader();
    this.#recordStart = this.#at;
    this.#recordLine = this.#line;
    this.#fields = 1;
    this.#state = 'FIELD_START';
    return this.#rows === this.batchRows;
  }

  #checkRecord(): void {
    if (this.#fields !== this.columns.length) {
      throw this.#fault(`has ${this.#fields} fields where the header has ${this.columns.length}`);
    }
    this.#rows++;
  }

  #takeHeader(): void {
    const header = this.#pending.subarray(0, this.#at).toString('utf8').trimEnd();
    const names = header.split(',');
    const wrong = this.columns.findIndex((column, i) => names[i] !== column);
    if (wrong >= 0) {
      throw new CsvFault(
        `the header has "${names[wrong] ?? ''}" where "${this.columns[wrong]}" belongs`,
        1,
        this.columns[wrong],
      );
    }
    if (names.length > this.columns.length) {
      throw new CsvFault(`the header has an unknown column "${names[this.columns.length]}"`, 1);
    }
    this.#headerSeen = true;
    this.#pending = this.#pending.subarray(this.#at);
    this.#at = 0;
  }

  #takeBatch(): CsvBatch {
    const batch = {
      bytes: this.#pending.subarray(0, this.#recordStart),
      rows: this.#rows,
      line: this.#batchLine,
    };
    if (!isUtf8(batch.bytes)) throw new CsvFault('is not UTF-8', lineOfBadText(batch));
    this.#pending = this.#pending.subarray(this.#recordStart);
    this.#at -= this.#recordStart;
    this.#recordStart = 0;
    this.#batchLine = this.#recordLine;
    this.#rows = 0;
    return batch;
  }

  #fault(message: string): CsvFault {
    return new CsvFault(message, this.#recordLine);
  }
}

function lineOfBadText({ bytes, line }: CsvBatch): number {
  let start = 0;
  for (let at = line; ; at++) {
    const end = bytes.indexOf(newline, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return at;
    start = end + 1;
  }
}
